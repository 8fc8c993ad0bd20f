/** Problems of early boot. Most open a shell: leaving it tries again. */
export const BOOT = {
  'parameter-invalid': [
    'A parameter on the kernel command line has an invalid value.',
    'Correct it in the boot loader.',
  ],
  'storage-unnamed': [
    'The kernel command line does not name the storage device.',
    'Add mkma_storage_device= in the boot loader.',
  ],
  'storage-missing': [
    'The storage device did not appear in time.',
    'Attach it, correct mkma_storage_device=, or raise mkma_timeout=.',
  ],
  'storage-without-file-system': [
    'Early boot cannot mount anything on the storage device: it has no file system, or is a volume to be opened first.',
    'Put the images on a file system, and name volumes below it with mkma_luks= or mkma_lvm=.',
  ],
  'storage-not-mounted': [
    'The storage device cannot be mounted.',
    'Check its file system with fsck; the message contains what the kernel reported.',
  ],
  'storage-gone': ['The storage device is no longer attached.', 'Attach it again.'],
  'storage-unreadable': [
    'The storage device cannot be read.',
    'Check dmesg; attach it again, or use another device.',
  ],
  'storage-busy': [
    'The storage device cannot be unmounted: something uses it.',
    'End the programs that use it.',
  ],
  'btrfs-devices-missing': [
    'Devices of a btrfs file system did not appear in time.',
    'Attach them, or raise mkma_timeout=.',
  ],
  'kernel-and-initramfs': [
    'The running kernel and the initramfs are from different builds.',
    'Load vmlinuz and initramfs.cpio.zst of the same build.',
  ],
  'kernel-and-base': [
    'The running kernel and the base are from different builds.',
    'Load vmlinuz and initramfs.cpio.zst of the build that made the base.',
  ],
  'base-not-mounted': [
    'An EROFS base cannot be mounted.',
    'Use a kernel that supports EROFS with its compression, or build with --format cpio.',
  ],
  'layer-not-mounted': [
    'A layer that is an EROFS file system cannot be mounted.',
    'Boot with the kernel it was saved under, and save it there with mkma persist --format cpio.',
  ],
  'layer-name-twice': [
    'Two layers have the same name, one of each format: only the first that can be read is applied.',
    'Rename or remove one of the two files.',
  ],
  'ram-not-mounted': ['The RAM file system cannot be mounted.', 'Correct mkma_size=.'],
  'ram-too-small': [
    'The images do not fit into RAM, or the next boot would have no room for a new layer.',
    'Raise mkma_size=, add RAM, or drop a layer.',
  ],
  'ram-full': ['The RAM file system filled up while an image was unpacked.', 'Raise mkma_size=, or add RAM.'],
  'overlay-not-mounted': [
    'The overlay cannot be mounted.',
    'Check that the kernel has overlayfs: modprobe overlay.',
  ],
  'init-missing': [
    'The machine has no init to hand over to.',
    'Correct init=, or add the package systemd-sysv.',
  ],
  'boot-record-unwritten': [
    'Early boot cannot write its record to /run/mkma.',
    'Check whether /run is full: df /run.',
  ],
} as const;
