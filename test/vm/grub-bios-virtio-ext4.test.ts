import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootFrom } from './boot-disk.js';
import { foundBase, SHELL } from './harness.js';

const DISK = String.raw`
printf '%s\n' 'label: gpt' 'size=1MiB, type=21686148-6449-6E6F-744E-656564454649' 'type=L' | sfdisk -q "$disk"
attach
mkfs.ext4 -q "$loop"p2 && mount "$loop"p2 "$mnt"
mkdir -p "$mnt/boot/grub" && echo "(hd0) $loop" >"$mnt/boot/grub/device.map"
grub-install --target=i386-pc --boot-directory="$mnt/boot" "$loop"
grub_config "$mnt/boot/grub"
copy_images "$mnt/srv/my images"
boot_entry --write --output "$mnt/srv/my images" --root "$mnt"
`;

test('GRUB, BIOS, virtio, ext4: up to the handover, from a folder with a space in its name', async () => {
  await using vm = await bootFrom({ bus: 'virtio', firmware: 'bios', megabytes: 400 }, DISK, SHELL);
  await vm.expect(foundBase('/srv/my images/', '/dev/vda2 (ext4)'));
  await vm.expectHandover();
  assert.match(
    await vm.ask('cat /proc/cmdline'),
    /^BOOT_IMAGE=.*\/srv\/my images\/vmlinuz.* console=ttyS0 no_timer_check init=\/bin\/bash$/,
  );
  assert.equal(await vm.ask('findmnt -no FSTYPE /'), 'overlay');
  assert.match(
    await vm.ask('mkma status'),
    /\nstorage .*\/dev\/vda2 \(ext4\)\n +folder '?\/srv\/my images'?\n +released: not mounted\n/,
  );
});
