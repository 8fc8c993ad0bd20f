/**
 * Boot entries of a host whose images lie on LUKS, on LVM on LUKS, or on LVM: written there by mkma, with copies of kernel and
 * initramfs where the boot loader reads them; then each disk boots by its own boot loader.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { blank, diskFolder } from '../vm/disk.js';
import { FAST } from '../vm/fast.js';
import { GUEST, GuestHost } from '../vm/guest-host.js';
import { mkma, Vm } from '../vm/harness.js';

const MIB = 2 ** 20;
const PASSPHRASE = 'zebra yak';
const LUKS = '11111111-2222-4333-8444-000000000011';
const UNDER_LVM = '11111111-2222-4333-8444-000000000012';

const DEFINITION = {
  extends: ['console'],
  hostname: 'opened',
  format: 'erofs',
  compressionLevel: 1,
  initramfs: { storage: ['luks', 'lvm'] },
};

/** Argon2 with little work: the machine is emulated. `$root` is the host's root, on its volume. */
const SHELL = String.raw`
root=/mnt/root; mkdir -p $root
luks() {
  printf %s '${PASSPHRASE}' | cryptsetup luksFormat --batch-mode --type luks2 --key-file=- --uuid "$2" \
    --pbkdf-force-iterations 4 --pbkdf-memory 32768 --pbkdf-parallel 1 "$1"
  printf %s '${PASSPHRASE}' | cryptsetup open --key-file=- "$1" inside
}
group() { pvcreate -q "$1"; vgcreate -q box-vg "$1"; lvcreate -q -n root -l 100%FREE box-vg; }
host() { mke2fs -q -t ext4 "$1"; mount "$1" $root; mkdir -p $root/boot $root/srv/mkma; cp ${GUEST.images}/* $root/srv/mkma/; }
boot() { mke2fs -q -t ext4 "$1"; mount "$1" $root/boot; mkdir -p $root/boot/grub; }
# As grub-mkconfig makes it: its end is what GRUB's own 41_custom writes.
grub_config() {
  printf '%s\n' 'serial --unit=0' 'terminal_output serial' 'set timeout=0' 'set default=mkma-opened' >$root/boot/grub/grub.cfg
  sh /etc/grub.d/41_custom >>$root/boot/grub/grub.cfg
}
entry() {
  mkma boot-entry --write --output $root/srv/mkma --root $root --append "console=ttyS0 no_timer_check ${FAST} $1" </dev/null
}
`;
const CLOSE =
  'umount -R /mnt/root; vgchange -q -an box-vg 2>/dev/null || :; cryptsetup close inside 2>/dev/null || :';

interface Host {
  readonly name: string;
  readonly firmware: 'bios' | 'uefi';
  /** Sets the disk $disk up as a person would who installs such a host, and has mkma write the entry. */
  readonly script: string;
  /** What the machine was booted with. */
  readonly cmdline: RegExp;
  readonly asks: boolean;
}

const HOSTS: readonly Host[] = [
  {
    name: 'GRUB, BIOS: images on LUKS, a plain /boot',
    firmware: 'bios',
    script: `
printf '%s\\n' 'label: gpt' 'size=1MiB, type=21686148-6449-6E6F-744E-656564454649' 'size=160MiB' 'type=L' | sfdisk -q $disk
udevadm settle
luks "$disk"3 ${LUKS}; host /dev/mapper/inside; boot "$disk"2
grub-install --target=i386-pc --boot-directory=$root/boot $disk
grub_config; entry ''
ls $root/boot/mkma/opened/*/vmlinuz`,
    cmdline: new RegExp(`/mkma/opened/[0-9a-f]+/vmlinuz .*mkma_luks=${LUKS} .*mkma_images_path=/srv/mkma`),
    asks: true,
  },
  {
    name: 'systemd-boot, UEFI: images on LVM on LUKS',
    firmware: 'uefi',
    script: `
printf '%s\\n' 'label: gpt' 'size=160MiB, type=U' 'type=L' | sfdisk -q $disk
udevadm settle
luks "$disk"2 ${UNDER_LVM}; group /dev/mapper/inside; host /dev/box-vg/root
mkfs.vfat -F 32 "$disk"1; mkdir -p $root/efi; mount "$disk"1 $root/efi
mkdir -p $root/efi/EFI/BOOT $root/efi/loader/entries
cp /usr/lib/systemd/boot/efi/systemd-bootx64.efi $root/efi/EFI/BOOT/BOOTX64.EFI
printf '%s\\n' 'timeout 0' 'default mkma-*' >$root/efi/loader/loader.conf
# Written again, over a file of FAT.
entry replaced; entry ''
ls $root/efi/mkma/opened/*/vmlinuz`,
    cmdline: new RegExp(`mkma_luks=${UNDER_LVM} mkma_lvm=box-vg/root .*mkma_images_path=/srv/mkma`),
    asks: true,
  },
  {
    name: 'GRUB, UEFI: images on LVM alone, a plain /boot',
    firmware: 'uefi',
    script: `
printf '%s\\n' 'label: gpt' 'size=40MiB, type=U' 'size=160MiB' 'type=L' | sfdisk -q $disk
udevadm settle
group "$disk"3; host /dev/box-vg/root; boot "$disk"2
mkfs.vfat -F 32 -s 1 "$disk"1; mkdir -p $root/boot/efi; mount "$disk"1 $root/boot/efi
grub-install --target=x86_64-efi --removable --no-nvram --efi-directory=$root/boot/efi --boot-directory=$root/boot
grub_config; entry ''
ls $root/boot/mkma/opened/*/vmlinuz`,
    cmdline: /\/mkma\/opened\/[0-9a-f]+\/vmlinuz .*mkma_lvm=box-vg\/root .*mkma_images_path=\/srv\/mkma/,
    asks: false,
  },
];

const disks = HOSTS.map((_, i) => blank(`host-${i}.raw`, 640 * MIB));

before(async () => {
  const images = join(diskFolder(), 'opened');
  mkdirSync(images);
  const config = join(images, 'machine.json');
  writeFileSync(config, JSON.stringify(DEFINITION));
  const built = await mkma('build', '--config', config, '--output', images);
  assert.equal(built.exitCode, 0, built.stderr);
  await using host = await GuestHost.start({ disks, images });
  for (const [i, { script }] of HOSTS.entries()) {
    await host.script(`${SHELL}\ndisk=${host.disks[i]}\n${script}\n${CLOSE}`, 600);
  }
  assert.equal(await host.vm.powerOff(), 0);
});

async function bootHost(disk: string, firmware: string, asks: boolean): Promise<Vm> {
  const args = ['--disk', disk, '--bus', 'ahci', '--firmware', firmware, '--cpus', '1', '--memory', '2048'];
  const vm = Vm.start('', { args });
  if (asks) {
    await vm.expect(/mkma: passphrase: /);
    vm.press(`${PASSPHRASE}\r`);
  }
  await vm.expectLogin();
  return vm;
}

for (const [i, { name, firmware, cmdline, asks }] of HOSTS.entries()) {
  test(name, async () => {
    const disk = disks[i] ?? '';
    {
      await using vm = await bootHost(disk, firmware, asks);
      assert.match(await vm.ask('cat /proc/cmdline'), cmdline);
      assert.equal(
        await vm.ask('dmsetup ls; grep -E "logon|cryptsetup|mkma-" /proc/keys; :'),
        'No devices found',
      );
      assert.equal(await vm.ask('hostname'), 'opened');
      await vm.ask('echo kept >/root/kept');
      vm.type('mkma persist --all; echo "<ended:$?>"');
      if (asks) {
        await vm.expect(/Passphrase: /);
        vm.press(`${PASSPHRASE}\r`);
      }
      await vm.expect(/<ended:0>/);
      assert.equal(await vm.powerOff(), 0);
    }
    await using vm = await bootHost(disk, firmware, asks);
    assert.equal(await vm.ask('cat /root/kept'), 'kept');
  });
}
