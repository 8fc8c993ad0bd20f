/** Problems of early boot. Most open a shell: leaving it tries again. */
export const BOOT = {
  'parameter-invalid': ['A parameter on the kernel command line is wrong.', 'Correct it in the boot loader.'],
  'storage-unnamed': [
    'The kernel command line does not name the storage device.',
    'Add mkma_storage_device= in the boot loader.',
  ],
  'storage-missing': [
    'The storage device did not appear in time.',
    'Attach it, correct mkma_storage_device=, or raise mkma_timeout=.',
  ],
  'storage-without-file-system': [
    'The storage device holds no file system that early boot mounts.',
    'Use ext4, xfs, btrfs, vfat or another plain file system.',
  ],
  'storage-not-mounted': ['The storage device cannot be mounted.', 'Check its file system with fsck.'],
  'storage-gone': ['The storage device has left the machine.', 'Attach it again.'],
  'storage-unreadable': ['The storage device cannot be read.', 'Check it with dmesg; use another device.'],
  'storage-busy': ['The storage device cannot be unmounted.', 'End what uses it.'],
  'btrfs-devices-missing': ['Devices of a btrfs did not appear.', 'Attach them, or raise mkma_timeout=.'],
  'kernel-and-initramfs': [
    'The running kernel and the initramfs are not of one build.',
    'Load vmlinuz and initramfs of the same build.',
  ],
  'kernel-and-base': [
    'The running kernel and the base are not of one build.',
    'Load vmlinuz and initramfs of the build that made the base.',
  ],
  'base-not-mounted': ['The base cannot be mounted.', 'Use a kernel with EROFS, or --format cpio.'],
  'ram-not-mounted': ['The RAM file system cannot be made.', 'Correct mkma_size=.'],
  'ram-too-small': ['The images do not fit into RAM.', 'Raise mkma_size=, or add RAM.'],
  'ram-full': ['The RAM file system filled up.', 'Raise mkma_size=, or add RAM.'],
  'overlay-not-mounted': ['The overlay cannot be mounted.', 'Check the kernel for overlay.'],
  'init-missing': ['The machine has no init to hand over to.', 'Correct init=, or add systemd-sysv.'],
  'boot-record-unwritten': ['The record of the boot cannot be written.', 'Check df /run.'],
} as const;
