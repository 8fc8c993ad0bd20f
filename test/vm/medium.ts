/**
 * A medium that boots by BIOS, UEFI and Secure Boot, for tests of `mkma run --medium` and `mkma test --medium`. Until
 * `mkma install` makes one, this does what it will do, with the boot programs of the host's own suite.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';

/** Sectors: 2048 for BIOS's part of GRUB, 4096 for the ESP, 135168 for ext4 of 448 MiB. */
const SCRIPT = String.raw`set -eu
PATH=$PATH:/usr/sbin:/sbin
images=$1 disk=$2 root=22222222-2222-4222-8222-222222222222
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
chmod 755 .; mkdir packages tree root root/mkma root/boot root/boot/grub
(cd packages && apt-get download -q shim-signed grub-efi-amd64-signed) >&2
for package in packages/*.deb; do dpkg-deb --extract "$package" tree; done
truncate -s 0 "$disk" && truncate -s $(((135168 + 917504 + 2048) * 512)) "$disk"
sfdisk --quiet "$disk" <<END
label: gpt
start=2048, size=2048, type=21686148-6449-6E6F-744E-656564454649
start=4096, size=131072, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B
start=135168, size=917504, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4
END
mkfs.vfat -F 32 -s 1 --offset 4096 "$disk" 65536 >&2
printf '%s\n' "search --no-floppy --fs-uuid --set=root $root" 'configfile ($root)/boot/grub/grub.cfg' >grub.cfg
esp="$disk@@2M"
mmd -i "$esp" ::/EFI ::/EFI/BOOT ::/EFI/debian
mcopy -i "$esp" tree/usr/lib/shim/shimx64.efi.signed ::/EFI/BOOT/BOOTX64.EFI
mcopy -i "$esp" tree/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed ::/EFI/BOOT/grubx64.efi
mcopy -i "$esp" grub.cfg ::/EFI/debian/grub.cfg
cp "$images"/base.* "$images"/initramfs.cpio.zst "$images"/vmlinuz root/mkma
cat >root/boot/grub/grub.cfg <<END
set timeout=0
menuentry mkma {
  linux /mkma/vmlinuz console=ttyS0 panic=-1 norandmaps mkma_storage_device=UUID=$root mkma_images_path=/mkma
  initrd /mkma/initramfs.cpio.zst
}
END
mke2fs -q -F -t ext4 -U $root -E offset=$((135168 * 512)),root_owner=0:0 -d root "$disk" 448M >&2
printf '%s\n' "search.fs_uuid $root root" 'set prefix=($root)/boot/grub' >early.cfg
grub-mkimage -O i386-pc -c early.cfg -p /boot/grub -o core.img biosdisk part_gpt ext2 search_fs_uuid normal configfile linux
# What grub-bios-setup would do to a device: the code in the first sector names the next one's place, and that the rest's.
cp /usr/lib/grub/i386-pc/boot.img boot.img
sectors=$((($(stat -c %s core.img) + 511) / 512 - 1))
bytes() { perl -e 'print pack(shift, @ARGV)' "$@"; }
bytes Q 2048 | dd of=boot.img bs=1 seek=$((0x5c)) conv=notrunc status=none
printf '\220\220' | dd of=boot.img bs=1 seek=$((0x66)) conv=notrunc status=none
bytes QSS 2049 $sectors $((0x820)) | dd of=core.img bs=1 seek=$((0x1f4)) conv=notrunc status=none
dd if=boot.img of="$disk" bs=1 count=440 conv=notrunc status=none
dd if=core.img of="$disk" bs=512 seek=2048 conv=notrunc status=none
`;

/** Makes a medium with the images of a folder as a raw file. */
export async function makeMedium(images: string, file: string): Promise<void> {
  await promisify(execFile)('sh', ['-c', SCRIPT, 'sh', images, file]).catch((cause: { stderr?: string }) => {
    assert.fail(`the medium could not be made:\n${cause.stderr}`);
  });
}

/** SHA-256 of a file. */
export async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
