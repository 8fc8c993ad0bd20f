import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootFrom } from '../vm/boot-disk.js';
import { foundBase } from '../vm/harness.js';

const DISK = String.raw`
printf '%s\n' 'label: dos' 'size=32MiB, type=L' 'type=L' | sfdisk -q "$disk"
attach
mkfs.ext4 -q "$loop"p1 && mount "$loop"p1 "$mnt"
mkdir -p "$mnt/grub" "$mnt/images" && echo "(hd0) $loop" >"$mnt/grub/device.map"
grub-install --target=i386-pc --boot-directory="$mnt" "$loop"
grub_config "$mnt/grub"
mkfs.btrfs -q "$loop"p2 && mount "$loop"p2 "$mnt/images"
copy_images "$mnt/images"
boot_entry --write --output "$mnt/images" --root "$mnt"
`;

test('GRUB, BIOS, AHCI, a dos partition table: /boot apart from the images, which lie at the top of a btrfs', async () => {
  await using vm = await bootFrom({ bus: 'ahci', firmware: 'bios', megabytes: 500 }, DISK, 'mkma_break=load');
  await vm.expect(foundBase('/', '/dev/sda2 (btrfs)'));
  await vm.expect(/mkma: shell before phase load/);
  await vm.expectShell();
  assert.match(
    await vm.ask('cat /proc/cmdline'),
    /^BOOT_IMAGE=.*\/vmlinuz mkma_storage_device=UUID=[0-9a-f-]{36} console=/,
  );
});
