import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootFrom } from '../vm/boot-disk.js';
import { foundBase } from '../vm/harness.js';

const DISK = String.raw`
printf '%s\n' 'label: gpt' 'size=64MiB, type=U' 'type=L' | sfdisk -q "$disk"
attach
mkfs.btrfs -q "$loop"p2 && mount "$loop"p2 "$mnt"
btrfs -q subvolume create "$mnt/@" && umount "$mnt" && mount -o subvol=@ "$loop"p2 "$mnt"
grub_config "$mnt/boot/grub"
copy_images "$mnt/srv/images"
add_microcode "$mnt/srv/images"
boot_entry --write --output "$mnt/srv/images" --root "$mnt"
# grub-install would do this on a mounted ESP; not every kernel that tests run on can mount one.
uuid=$(blkid --probe --output value --match-tag UUID "$loop"p2)
printf '%s\n' "search --set=root --fs-uuid $uuid" 'configfile /@/boot/grub/grub.cfg' >"$work/early.cfg"
mkdir -p "$esp/EFI/BOOT"
grub-mkstandalone -O x86_64-efi -o "$esp/EFI/BOOT/BOOTX64.EFI" --modules="part_gpt btrfs" \
  --locales= --fonts= --themes= "boot/grub/grub.cfg=$work/early.cfg"
fill_esp 1 64
`;

test('GRUB, UEFI, NVMe, btrfs: the path counts from the top-level subvolume', async () => {
  await using vm = await bootFrom(
    { bus: 'nvme', firmware: 'uefi', megabytes: 600 },
    DISK,
    'mkma_break=handover',
  );
  await vm.expect(foundBase('/@/srv/images/', '/dev/nvme0n1p2 (btrfs)'));
  await vm.expect(/mkma: shell before phase handover/);
  await vm.expectShell();
  assert.match(
    await vm.ask('cat /proc/cmdline'),
    /^BOOT_IMAGE=.*\/@\/srv\/images\/vmlinuz mkma_storage_device=UUID=/,
  );
  await vm.ask('test -d /sys/firmware/efi && test -e /first');
});
