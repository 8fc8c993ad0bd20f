/** Problems with media: mkma install, mkma export. */
export const MEDIA = {
  'no-such-device': ['The device does not exist.', 'List the disks with lsblk and name one of them.'],
  'target-not-disk': [
    'The target of mkma install is neither a disk nor a file.',
    'Name a disk, such as /dev/sdb, or a file that does not exist yet.',
  ],
  'target-is-partition': [
    'The target is a partition; a medium is a whole disk.',
    'Name the whole disk, if everything on it may be overwritten.',
  ],
  'target-not-medium': [
    'The file exists and is no medium that mkma made.',
    'Name a file that does not exist. mkma never overwrites other files.',
  ],
  'target-unreadable': ['The target cannot be read.', 'Run the command as root; check the device.'],
  'target-runs-system': ['The disk is one of the running system.', 'Name another disk.'],
  'target-booted-from': [
    'The machine that runs booted from this medium.',
    'Add a generation to it, without --fresh, or start over from another machine.',
  ],
  'target-in-use': [
    'The disk or file is mounted, swap, open, or part of LVM or RAID, be that active or not.',
    'The message names each use: end them first.',
  ],
  'partition-table-stale': [
    'The kernel still has an older partition table of the disk, mostly since a partition of it is in use.',
    'End that use and run blockdev --rereadpt, or detach the disk and attach it again.',
  ],
  'target-read-only': [
    'The disk cannot be written.',
    "Move its write-protection switch; check the file's mode.",
  ],
  'target-sectors': [
    'The disk has sectors of another size than 512 bytes.',
    'Use another disk, or another adapter for it.',
  ],
  'target-not-confirmed': [
    'Nobody confirmed that the disk may be written.',
    "Type its name when asked; in scripts, use --confirm with the disk's name.",
  ],
  'target-lies': [
    'The device does not keep what is written: its real capacity is smaller than it reports.',
    'Use another device: this one loses data, whatever is stored on it.',
  ],
  'option-unfit': [
    'An option does not fit the target: it is for new files, for disks, or for existing media.',
    'Leave it out, or name another target.',
  ],
  'medium-too-small': [
    'The images do not fit on the medium.',
    'Use a larger one, or a smaller base (--without, a smaller definition).',
  ],
  'medium-write-failed': [
    'The device stopped taking data.',
    'Attach it again and repeat the command; if that fails too, use another device.',
  ],
  'medium-differs': [
    'What was read back from the device is not what was written.',
    'Repeat it; if that fails too, the device is damaged.',
  ],
  'medium-no-room': [
    'There is no room for the medium or for one more generation.',
    'The message has the numbers and names what to drop.',
  ],
  'medium-architecture': [
    'Only images for PCs (amd64) can be installed on a medium.',
    'Write a boot loader entry instead: mkma boot-entry.',
  ],
  'medium-foreign-menu': [
    'The menu on the medium is not one that mkma wrote.',
    'Move the file away, then repeat the command.',
  ],
  'clear-on-disk': [
    'While an encrypted medium is made, its content is for a moment on a disk that may not be encrypted.',
    'Free some RAM, or name a cache folder on an encrypted disk (--cache).',
  ],
  'no-device-mapper': [
    'Changing an encrypted medium takes a kernel with a device mapper and dm-crypt.',
    'Run it on such a system, as Debian is. Making a new one takes neither.',
  ],
  'passphrase-unfit': [
    'There is no passphrase, or it is one that early boot could not take.',
    'Type it at a terminal, or name a file whose first line it is with --passphrase-file.',
  ],
  'kernel-unsigned': [
    'The kernel has no signature: with Secure Boot on, firmware or GRUB refuses it.',
    "Use Debian's signed kernel, or turn Secure Boot off on the machines that boot the medium.",
  ],
} as const;
