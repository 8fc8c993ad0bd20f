/** Looking things up: modaliases, packages of firmware, what modinfo prints, files that cannot be read. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { devicesOf } from '../../../../src/host/hardware/devices.js';
import { packagesWith } from '../../../../src/host/hardware/firmware-packages.js';
import { firmwareFields } from '../../../../src/host/hardware/read-kernel.js';
import { diskFiles } from '../../../../src/host/hardware/system-files.js';
import { builtinFirmware } from '../../../../src/host/kernel/builtin.js';
import { modulesFor } from '../../../../src/host/kernel/modalias.js';
import { KERNEL } from './machines.js';

const folder = mkdtempSync(join(tmpdir(), 'mkma-system-'));
after(() => rmSync(folder, { recursive: true, force: true }));

for (const [modalias, modules] of [
  ['pci:v00008086d000046A6sv00008086sd00000001bc03sc00i00', ['i915', 'xe']],
  ['pci:v00008086d000046A6sv00008086sd00000001bc04sc00i00', []],
  ['usb:v04E6p0001d0250dc00dsc00dp00ic08isc06ip50in00', ['usb_storage']],
  ['usb:v04E6p0001d0050dc00dsc00dp00ic08isc06ip50in00', []],
  ['acpi:PNP0C0A:', ['battery']],
  ['', []],
] as const) {
  test(`modules of the modalias "${modalias}"`, () => {
    assert.deepEqual(modulesFor(KERNEL.aliases, modalias), modules);
  });
}

for (const [name, packages] of [
  ['iwlwifi-so-a0-gf-a0-89.ucode', ['firmware-iwlwifi']],
  // Newer than what Debian has.
  ['iwlwifi-sc-a0-wh-b0-c0-99.ucode', ['firmware-iwlwifi']],
  ['i915/tgl_guc_70.bin', ['firmware-intel-graphics']],
  ['intel/ibt-19-0-4.sfi', ['firmware-iwlwifi']],
  ['intel/sof/sof-tgl.ri', ['firmware-sof-signed']],
  ['nvidia/tu102/gsp/bootloader-535.113.01.bin', ['firmware-nvidia-graphics']],
  ['nvidia/tegra210/xusb.bin', ['firmware-misc-nonfree']],
  ['mrvl/prestera/mvsw_prestera_fw-v4.1.img', ['firmware-marvell-prestera']],
  ['brcm/brcmfmac*-sdio.*.bin', ['firmware-brcm80211']],
  ['amd/amd_sev_fam17h_model3xh.sbin', ['amd64-microcode']],
  ['ath9k_htc/htc_9271-1.4.0.fw', ['firmware-ath9k-htc']],
  ['intel/nothing-of-the-kind.bin', []],
  ['b43/ucode9.fw', []],
] as const) {
  test(`packages with the firmware ${name}`, () => {
    assert.deepEqual(packagesWith(name), packages);
  });
}

test('what modinfo --null prints, by module', () => {
  const text = [
    'filename:       /lib/modules/6.12/kernel/sound/snd-a-b.ko.xz',
    'firmware=one.bin',
    'description=a module\nfirmware=of two lines',
    'firmware=two.bin',
    'filename:       /lib/modules/6.12/kernel/c.ko',
    'firmware=three.bin',
    '',
  ].join('\0');
  assert.deepEqual(
    [...firmwareFields(text)],
    [
      ['snd_a_b', ['one.bin', 'two.bin']],
      ['c', ['three.bin']],
    ],
  );
});

test('firmware of built-in modules', () => {
  const text = 'i915.license=GPL\0i915.firmware=i915/a.bin\0i915.firmware=i915/b.bin\0snd-x.firmware=y\0';
  assert.deepEqual(
    [...builtinFirmware(text)],
    [
      ['i915', ['i915/a.bin', 'i915/b.bin']],
      ['snd_x', ['y']],
    ],
  );
});

test('devices from a folder as /sys is one; what cannot be read is named', () => {
  const device = join(folder, 'sys/bus/pci/devices/0000:00:1f.3');
  mkdirSync(join(device, 'driver'), { recursive: true });
  writeFileSync(join(device, 'uevent'), 'DRIVER=sof-audio-pci-intel-tgl\nMODALIAS=pci:v1\n');
  symlinkSync('../../../../module/snd_sof_pci_intel_tgl', join(device, 'driver/module'));
  // A folder where a file belongs cannot be read by anybody.
  mkdirSync(join(folder, 'sys/class/dmi/id/modalias'), { recursive: true });
  const files = diskFiles(folder);
  assert.deepEqual(devicesOf(files), [
    { bus: 'pci', name: '0000:00:1f.3', modalias: 'pci:v1', driver: 'snd_sof_pci_intel_tgl' },
  ]);
  assert.deepEqual([...files.refused], ['/sys/class/dmi/id/modalias']);
});
