/** Early boot on generic machines: the drivers are in the built initramfs, or in the kernel itself. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { GENERIC_MODULES } from '../../src/host/initramfs/contents.js';
import { moduleName } from '../../src/host/kernel/modules.js';
import { mkma } from './cli.js';
import { sharedImages } from './images.js';

/** What the generic set promises, in the kernel's names. */
const PROMISED: Readonly<Record<string, readonly string[]>> = {
  'NVMe, VMD': ['nvme', 'vmd'],
  SATA: ['ahci', 'ata_piix', 'sd_mod', 'sr_mod'],
  'USB storage': ['xhci_pci', 'ehci_pci', 'usb_storage', 'uas'],
  'SD and MMC': ['sdhci_pci', 'sdhci_acpi', 'mmc_block'],
  virtio: ['virtio_pci', 'virtio_blk', 'virtio_scsi'],
  'Hyper-V': ['hv_vmbus', 'hv_storvsc', 'hyperv_keyboard'],
  VMware: ['vmw_pvscsi', 'mptspi', 'mptsas'],
  keyboards: ['atkbd', 'i8042', 'usbhid', 'hid_generic', 'i2c_hid_acpi'],
  'file systems': ['ext4', 'xfs', 'btrfs', 'vfat', 'exfat', 'ntfs3', 'isofs', 'overlay'],
};

test('every driver of the generic set is a module of the initramfs, or built into its kernel', () => {
  const modules = join(sharedImages(), 'initramfs/usr/lib/modules');
  const [release] = readdirSync(modules);
  const folder = join(modules, release as string);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.ko'),
  );
  const builtin = readFileSync(join(folder, 'modules.builtin'), 'utf8').trim().split('\n');
  const there = new Set([...files, ...builtin].map(moduleName));
  for (const name of GENERIC_MODULES) assert.ok(there.has(name), name);
  for (const [group, names] of Object.entries(PROMISED)) {
    for (const name of names) assert.ok(there.has(name), `${group}: ${name}`);
  }
});

test('inspect tells the size of tools and of modules apart', async () => {
  const got = await mkma(['inspect', join(sharedImages(), 'initramfs.cpio.zst'), '--json']);
  const { parts, contentBytes } = JSON.parse(got.stdout);
  assert.equal(parts.tools + parts.modules, contentBytes);
  assert.ok(parts.modules > parts.tools && parts.tools > 2 ** 20, JSON.stringify(parts));
  const told = await mkma(['inspect', join(sharedImages(), 'initramfs.cpio.zst')]);
  assert.match(told.stdout, /^ {2}of these +tools [\d.]+ MiB, kernel modules [\d.]+ MiB$/m);
});
