/** The contents of the initramfs as data, each with its origin. */

/** Debian packages that the tools tree has to contain; their dependencies come with them. */
export const TOOL_PACKAGES: readonly string[] = [
  'quickjs',
  'busybox',
  'kmod',
  'zstd',
  'cpio',
  'libarchive-tools',
  'util-linux',
  'attr',
  'klibc-utils',
  'xxhash',
  'erofs-utils',
];

/** A program from the tools tree, and its additional names. */
export interface Program {
  /** Path in the tree, usr-merged. */
  readonly path: string;
  readonly links?: readonly string[];
}

export const PROGRAMS: readonly Program[] = [
  { path: 'usr/bin/qjs' },
  { path: 'usr/bin/busybox' },
  // The kernel itself calls /sbin/modprobe (crc32c, nls_*, file systems): kmod's handles soft dependencies.
  {
    path: 'usr/bin/kmod',
    links: ['modprobe', 'insmod', 'rmmod', 'lsmod', 'modinfo', 'depmod'].map((name) => `usr/sbin/${name}`),
  },
  { path: 'usr/bin/zstd' },
  // The fastest unpacker of newc that restores everything and detects truncated archives
  // (notes/unpacking.md).
  { path: 'usr/bin/bsdtar' },
  // For archives of other tools, and for whiteouts. busybox's ignores truncation.
  { path: 'usr/bin/cpio' },
  // busybox's knows neither PARTUUID nor PARTLABEL.
  { path: 'usr/sbin/blkid' },
  { path: 'usr/bin/setfattr' },
  // Mounts a file system directly from a file; busybox's needs a loop device, util-linux's brings 1.5 MB.
  { path: 'usr/lib/klibc/bin/mount' },
  // Verifies a base that is a file system: the fastest digest of its strength, native and emulated.
  { path: 'usr/bin/xxhsum' },
];

/** Programs of these packages that the build itself runs. */
export const MKFS_EROFS = 'usr/bin/mkfs.erofs';
export const XXHSUM = 'usr/bin/xxhsum';

/** busybox applets that init needs. Never `busybox` itself: a link to itself would replace the program. */
const NEEDED_APPLETS = [
  ...[
    'ash',
    'sh',
    'cat',
    'chmod',
    'chown',
    'chroot',
    'cttyhack',
    'dd',
    'dmesg',
    'du',
    'find',
    'ln',
    'ls',
    'mkdir',
    'mount',
  ],
  ...['reboot', 'rm', 'sed', 'setsid', 'sha256sum', 'sleep', 'stat', 'switch_root', 'touch', 'umount'],
];

/** Applets for the rescue shell. */
const RESCUE_APPLETS = [
  ...['awk', 'basename', 'blockdev', 'chvt', 'clear', 'cmp', 'cp', 'cut', 'date', 'df', 'diff'],
  ...['dirname', 'echo', 'env', 'expr', 'false', 'fdisk', 'free', 'grep', 'gunzip', 'gzip', 'halt'],
  ...['head', 'hexdump', 'hostname', 'id', 'ip', 'kill', 'killall', 'less', 'loadkmap', 'losetup'],
  ...['lsscsi', 'md5sum', 'mknod', 'mktemp', 'more', 'mv', 'nc', 'od', 'openvt', 'pidof', 'ping', 'poweroff'],
  ...['printf', 'ps', 'pwd', 'readlink', 'realpath', 'reset', 'rmdir', 'seq', 'sort'],
  ...['strings', 'stty', 'sync', 'tail', 'tar', 'tee', 'test', 'time', 'timeout', 'top', 'tr', 'true', 'tty'],
  ...['udhcpc', 'uname', 'uniq', 'uptime', 'vi', 'wc', 'wget', 'which', 'xargs', 'xxd', 'xzcat', 'zcat'],
];

export const APPLETS: readonly string[] = [...NEEDED_APPLETS, ...RESCUE_APPLETS];

/** Configuration shipped by kmod. */
export const COPIED_FOLDERS: readonly string[] = ['usr/lib/modprobe.d'];

/** Modules loaded before searching for devices. Everything else is loaded for the machine's hardware. */
export const ALWAYS_LOADED: readonly string[] = ['overlay'];

/** Kernel modules for generic machines, by purpose; a kernel may have them built in. */
const GENERIC: Readonly<Record<string, readonly string[]>> = {
  'NVMe, also behind Intel VMD': ['nvme', 'vmd'],
  SATA: ['ahci', 'ata_piix', 'ata_generic'],
  'disks, CD drives': ['sd_mod', 'sr_mod', 'loop'],
  USB: ['xhci_pci', 'xhci_pci_renesas', 'ehci_pci', 'ohci_pci', 'uhci_hcd', 'usb_storage', 'uas'],
  'SD cards, eMMC, UFS': [
    ...['mmc_block', 'sdhci_pci', 'sdhci_acpi', 'rtsx_pci_sdmmc', 'rtsx_usb_sdmmc', 'ufshcd_pci'],
  ],
  'virtio (QEMU)': ['virtio_pci', 'virtio_mmio', 'virtio_blk', 'virtio_scsi'],
  'Hyper-V': ['hv_vmbus', 'hv_storvsc', 'pci_hyperv', 'hid_hyperv', 'hyperv_keyboard'],
  VMware: ['vmw_pvscsi', 'mptspi', 'mptsas'],
  'SAS and RAID controllers of servers': ['megaraid_sas', 'mpt3sas', 'mpi3mr', 'smartpqi', 'hpsa', 'aacraid'],
  Xen: ['xen_blkfront'],
  'keyboards, for the rescue shell': [
    ...['atkbd', 'i8042', 'usbhid', 'hid_generic', 'hid_apple', 'hid_microsoft'],
    ...['hid_logitech_dj', 'hid_logitech_hidpp', 'i2c_hid_acpi'],
    ...['intel_lpss_pci', 'intel_lpss_acpi', 'i2c_designware_pci', 'i2c_designware_platform'],
  ],
  'file systems': ['ext4', 'xfs', 'btrfs', 'vfat', 'exfat', 'ntfs3', 'isofs', 'udf', 'erofs', 'overlay'],
  'requested by file systems by name': [
    ...['nls_cp437', 'nls_iso8859_1', 'nls_ascii', 'nls_utf8', 'libcrc32c', 'crc32c_generic'],
    ...[
      'crc32c_intel',
      'crc32_pclmul',
      'xxhash_generic',
      'blake2b_generic',
      'sha256_generic',
      'sha256_ssse3',
    ],
  ],
};

/** The names of the generic set. */
export const GENERIC_MODULES: readonly string[] = Object.values(GENERIC).flat();
