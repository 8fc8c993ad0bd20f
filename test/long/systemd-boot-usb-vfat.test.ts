import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootFrom } from '../vm/boot-disk.js';
import { foundBase } from '../vm/harness.js';

const DISK = String.raw`
printf '%s\n' 'label: gpt' 'type=U' | sfdisk -q "$disk"
install_systemd_boot "$esp"
copy_images "$esp/mkma"
boot_entry --write --output "$esp/mkma" --esp "$esp" --storage-device UUID=1234-ABCD --images-path /mkma
[ ! -e "$esp/mkma/console" ] # nothing was copied: all of it lies on the ESP
fill_esp 1 280
`;

test('systemd-boot, UEFI, USB, vfat: a stick whose one partition has it all', async () => {
  await using vm = await bootFrom({ bus: 'usb', firmware: 'uefi', megabytes: 282 }, DISK, 'mkma_break=load');
  await vm.expect(foundBase('/mkma/', '/dev/sda1 (vfat)'));
  await vm.expect(/mkma: shell before phase load/);
  await vm.expectShell();
  assert.match(
    await vm.ask('cat /proc/cmdline'),
    /^initrd=\\mkma\\initramfs\.cpio\.zst mkma_storage_device=UUID=1234-ABCD /,
  );
});
