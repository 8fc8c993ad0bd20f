import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootFrom } from '../vm/boot-disk.js';
import { foundBase } from '../vm/harness.js';

const DISK = String.raw`
printf '%s\n' 'label: gpt' 'size=64MiB, type=U' 'type=L' | sfdisk -q "$disk"
attach
mkfs.ext4 -q "$loop"p2 && mount "$loop"p2 "$mnt"
install_systemd_boot "$esp"
copy_images "$mnt/srv/images"
add_microcode "$mnt/srv/images"
boot_entry --write --output "$mnt/srv/images" --esp "$esp"
fill_esp 1 64
`;

test('systemd-boot, UEFI, virtio: kernel and initramfs copied to the ESP, the base on ext4', async () => {
  await using vm = await bootFrom(
    { bus: 'virtio', firmware: 'uefi', megabytes: 400 },
    DISK,
    'mkma_break=load',
  );
  await vm.expect(foundBase('/srv/images/', '/dev/vda2 (ext4)'));
  await vm.expect(/mkma: shell before phase load/);
  await vm.expectShell();
  assert.match(
    await vm.ask('cat /proc/cmdline'),
    /^initrd=\\mkma\\console\\[0-9a-f]{12}\\microcode\.cpio initrd=\S*\\initramfs\.cpio\.zst mkma_storage_device=UUID=/,
  );
  await vm.ask('test -e /first');
});
