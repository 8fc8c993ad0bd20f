/**
 * Disks that a boot loader starts from. A scenario says in shell how a person would set one up; it runs in a mount namespace
 * of its own, and all it attaches and mounts is gone with its end, however that comes.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { imagesFolder, MAIN, Vm } from './harness.js';

/**
 * What scenarios have at hand. $disk is the disk's image, $images the built images, $mnt and $esp empty folders.
 * sfdisk(8) takes the partition table on its standard input.
 */
const SHELL = String.raw`set -eu
PATH=$PATH:/usr/sbin:/sbin
work=$1 images=$2 node=$3 main=$4 append=$5 disk=$1/disk.img mnt=$1/mnt esp=$1/esp
mkdir "$mnt" "$esp"
# mkma boot-entry for a machine whose console is this terminal, and whose emulated timer may be late.
boot_entry() { "$node" "$main" boot-entry --append "console=ttyS0 no_timer_check $append" "$@" >&2; }
# The disk as a loop device with partitions, $loop. It is detached at once: the kernel does so when this shell has ended and
# nothing on it is mounted any more.
attach() {
  loop=$(losetup --find --partscan --show "$disk")
  exec 9<"$loop"
  losetup --detach "$loop"
  # Where the kernel itself knows no partition tables.
  [ -b "$loop"p1 ] || partx --add "$loop"
}
copy_images() { mkdir -p "$1" && cp "$images"/base.* "$images"/initramfs.cpio.zst "$images"/vmlinuz "$1"; }
# A microcode.cpio in $1 that shows in early boot whether it was loaded: as the file /first.
add_microcode() { (cd "$work" && touch first && echo first | cpio --quiet -o -H newc) >"$1/microcode.cpio"; }
# GRUB's configuration in $1 as grub-mkconfig makes it: its end is what GRUB's own 41_custom writes.
grub_config() {
  mkdir -p "$1"
  printf '%s\n' 'serial --unit=0' 'terminal_output serial' 'set timeout=0' 'set default=mkma-console' >"$1/grub.cfg"
  sh /etc/grub.d/41_custom >>"$1/grub.cfg"
}
# What bootctl install puts on a mounted ESP; not every kernel that tests run on can mount one.
install_systemd_boot() {
  mkdir -p "$1/EFI/BOOT" "$1/loader/entries"
  cp /usr/lib/systemd/boot/efi/systemd-bootx64.efi "$1/EFI/BOOT/BOOTX64.EFI"
  printf '%s\n' 'timeout 0' 'default mkma-*' >"$1/loader/loader.conf"
}
# Put the content of $esp on the ESP, a FAT file system with the UUID 1234-ABCD, $1 MiB into the disk and $2 MiB large.
fill_esp() {
  mkfs.vfat -F 32 -s 1 -i 1234ABCD --offset $(($1 * 2048)) "$disk" $(($2 * 1024)) >&2
  mcopy -s -i "$disk@@$1M" "$esp"/* ::
}
`;

/** A machine that starts from a disk set up by `script`, of `megabytes` and on the bus, with its firmware; `append`: more kernel parameters. */
export async function bootFrom(
  machine: { readonly bus: string; readonly firmware: 'bios' | 'uefi'; readonly megabytes: number },
  script: string,
  append = '',
): Promise<Vm> {
  const images = imagesFolder();
  const disk = join(images, 'disk.img');
  rmSync(disk, { force: true });
  writeFileSync(disk, '');
  truncateSync(disk, machine.megabytes * 2 ** 20);
  const words = [SHELL + script, 'sh', images, images, process.execPath, MAIN, append];
  const shell = ['--mount', '--propagation', 'private', 'sh', '-c', ...words];
  await promisify(execFile)('unshare', shell).catch((cause: { stderr?: string }) => {
    assert.fail(`the disk could not be set up:\n${cause.stderr}`);
  });
  const { bus, firmware } = machine;
  // One processor: emulated without KVM on a busy host, two of them may stumble over code that the kernel changes as it runs.
  return Vm.start('', { args: ['--disk', disk, '--bus', bus, '--firmware', firmware, '--cpus', '1'] });
}
