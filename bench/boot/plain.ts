/** A plain sh init that does what early boot does, and no more: the yardstick for the time from /init to the handover. */
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BASE_FILES } from '../../src/core/contract.js';
import { output } from '../programs.js';

/** As a person would write it: the drivers by name, one pipeline, no look at whether it all went well. */
const INIT = `#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
modprobe -a virtio_pci virtio_blk ext4 overlay
until [ -b /dev/vda ]; do sleep .1; done
mkdir -p /storage /ram /root
mount -t ext4 -o ro /dev/vda /storage
mount -t tmpfs -o size=90%,nr_inodes=0 tmpfs /ram
mkdir /ram/base /ram/fresh /ram/work
cd /ram/base
zstd -dcq /storage/mkma/${BASE_FILES.cpio} | busybox cpio -id 2>/dev/null
cd /
umount /storage
mount -t overlay -o lowerdir=/ram/base,upperdir=/ram/fresh,workdir=/ram/work overlay /root
mount --move /dev /root/dev
mount --move /proc /root/proc
mount --move /sys /root/sys
exec switch_root /root /sbin/init
`;

/** Make its initramfs: the programs and modules of mkma's, another init. */
export function plainInitramfs(tree: string, scratch: string): string {
  const copy = join(scratch, 'plain-initramfs');
  cpSync(tree, copy, { recursive: true, verbatimSymlinks: true });
  writeFileSync(join(copy, 'init'), INIT, { mode: 0o755 });
  const file = join(scratch, 'plain-initramfs.cpio.zst');
  const pack = 'cd "$1" && find . | cpio --create --format=newc --quiet | zstd -q -3 > "$2"';
  output('sh', '-c', pack, 'sh', copy, file);
  return file;
}
