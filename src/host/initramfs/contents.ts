export const INITRAMFS_PACKAGES: readonly string[] = [
  'quickjs',
  'busybox',
  'kmod',
  'zstd',
  'util-linux',
  'attr',
  'cpio',
];
export const INITRAMFS_CONTENTS = {};
