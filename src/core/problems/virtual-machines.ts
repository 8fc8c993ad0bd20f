/** Problems with boot loaders of the host and with virtual machines: mkma boot-entry, run, test. */
export const VIRTUAL_MACHINES = {
  'boot-loader-missing': [
    'No boot loader was found.',
    'Mount its disk and name the root with --root, or its own folder with --grub-dir or --esp.',
  ],
  'two-boot-loaders': [
    'Both GRUB and systemd-boot were found.',
    'Choose one with --loader; --loader all writes for both.',
  ],
  'boot-loader-not-writable': [
    "The boot loader's folder cannot be written.",
    'Run the command with sudo; mount the file system for writing.',
  ],
  'boot-folder-not-plain': [
    'The images are on encrypted or logical volumes, and so is the folder for copies that GRUB could read.',
    'Use a separate /boot on a plain file system, or systemd-boot.',
  ],
  'boot-loader-full': [
    'There is no room for the boot loader entry or its files.',
    'Free the space that the message names, or use GRUB, which reads the images where they are.',
  ],
  'boot-entry-edited': [
    "The end mark of mkma's section in GRUB's custom.cfg is missing.",
    'Remove the rest of the section.',
  ],
  'grub-without-custom': [
    'GRUB does not read custom.cfg.',
    'Run update-grub once; /etc/grub.d/41_custom must be executable.',
  ],
  'esp-not-fat': [
    'The file system at the ESP is not FAT, the only one that all firmware reads.',
    'Copy the written files to the ESP.',
  ],
  'device-by-path': [
    'The boot loader entry names the device by its path, which may change.',
    'Replace it with UUID=; blkid prints it.',
  ],
  'unbootable-place': [
    'Early boot cannot mount the file system that contains the images.',
    'Copy them to a plain file system: ext4, xfs, btrfs or vfat.',
  ],
  'images-in-use': [
    'The images are in use by another mkma run or mkma test.',
    'Wait for it or end it, or boot a copy of the folder with --output.',
  ],
  'kvm-unusable': [
    '--accel kvm was given, and KVM does not work on this host.',
    'Use --accel auto or --accel tcg; the message gives the cause.',
  ],
  'firmware-missing': [
    'This host has no UEFI firmware for QEMU, or none with Secure Boot.',
    'Install the package that the message names.',
  ],
  'no-such-disk-image': [
    'The disk image that an option names does not exist.',
    'Name a file with the raw content of a disk.',
  ],
  'medium-not-bootable': [
    'A virtual machine cannot boot the medium that --medium names.',
    'Name a raw disk image, an ISO or a whole disk that is not in use; the message gives the cause.',
  ],
  'vm-folder-unusable': [
    "The folder for the virtual machine's files cannot be created.",
    'Run mkma as the owner of the output folder, or use a copy of it.',
  ],
  'vm-disk-full': [
    "The virtual machine's disk has no room for the new base.",
    'Create the disk again: --fresh-disk.',
  ],
  'vm-disk-not-writable': [
    "The virtual machine's disk cannot be changed.",
    "Check whether the host's file system is full.",
  ],
  'boot-failed': ['The images did not boot.', 'Read the console in the file that the message names.'],
  'machine-off': [
    'The machine powered off before the checks finished.',
    'Read the console in the file that the message names.',
  ],
  'checks-timed-out': [
    'The checks did not finish in time.',
    'Raise --timeout, or read the console in the file that the message names.',
  ],
} as const;
