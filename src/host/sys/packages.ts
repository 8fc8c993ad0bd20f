/**
 * The Debian packages of the tools that mkma runs on the building host. The only list: doctor and errors read
 * it.
 */

export interface HostTool {
  /** Name of the program, as found on PATH. */
  readonly program: string;
  /** It is not a program on PATH but a file: the first of these that exists. */
  readonly files?: readonly string[];
  /** Debian package that contains it. */
  readonly package: string;
  /** What mkma needs it for, as in "needed for ...". */
  readonly purpose: string;
}

/** Tools for building. */
export const BUILD_TOOLS: readonly HostTool[] = [
  { program: 'mmdebstrap', package: 'mmdebstrap', purpose: 'bootstrapping Debian' },
  { program: 'apt-get', package: 'apt', purpose: 'downloading packages' },
  { program: 'dpkg-deb', package: 'dpkg', purpose: 'unpacking the kernel package' },
  { program: 'tar', package: 'tar', purpose: 'unpacking cached stages' },
  { program: 'zstd', package: 'zstd', purpose: 'compressing images' },
  { program: 'xz', package: 'xz-utils', purpose: 'unpacking kernel modules' },
  { program: 'getfattr', package: 'attr', purpose: 'reading extended attributes, ACLs and capabilities' },
  { program: 'setfattr', package: 'attr', purpose: 'setting ACLs and capabilities' },
  { program: 'find', package: 'findutils', purpose: 'listing trees' },
  { program: 'flock', package: 'util-linux', purpose: 'locking the output folder' },
  { program: 'unshare', package: 'util-linux', purpose: 'running the bootstrap in its own namespaces' },
  { program: 'findmnt', package: 'util-linux', purpose: 'locating the output' },
  { program: 'blkid', package: 'util-linux', purpose: "reading file systems' UUIDs" },
];

/** Tools for building without root, in addition. */
export const ROOTLESS_TOOLS: readonly HostTool[] = [
  { program: 'newuidmap', package: 'uidmap', purpose: 'building without root' },
  { program: 'newgidmap', package: 'uidmap', purpose: 'building without root' },
  { program: 'getsubids', package: 'uidmap', purpose: 'building without root' },
];

const MEDIUM_PROGRAMS = ['mmdebstrap', 'apt-get', 'tar', 'zstd', 'flock', 'unshare', 'findmnt'];

/** Tools for making media. What formats them and boots from them is of the built suite. */
export const MEDIUM_TOOLS: readonly HostTool[] = [
  ...BUILD_TOOLS.filter(({ program }) => MEDIUM_PROGRAMS.includes(program)),
  { program: 'lsblk', package: 'util-linux', purpose: 'listing disks' },
  { program: 'blockdev', package: 'util-linux', purpose: 'reading back what a disk has' },
  { program: 'fsfreeze', package: 'util-linux', purpose: 'completing the menu on a medium' },
  { program: 'mount', package: 'mount', purpose: 'adding a generation to a medium' },
];

/** Tools for booting in QEMU. */
export const QEMU_TOOLS: readonly HostTool[] = [
  { program: 'qemu-system-x86_64', package: 'qemu-system-x86', purpose: 'booting images' },
  { program: 'mke2fs', package: 'e2fsprogs', purpose: "making the virtual machine's disk" },
  { program: 'debugfs', package: 'e2fsprogs', purpose: "updating the virtual machine's disk" },
  { program: 'e2fsck', package: 'e2fsprogs', purpose: "repairing the virtual machine's disk" },
  { program: 'flock', package: 'util-linux', purpose: "locking the virtual machine's disk" },
  { program: 'setpriv', package: 'util-linux', purpose: 'ending QEMU together with mkma' },
  { program: 'tar', package: 'tar', purpose: 'passing tests to the virtual machine' },
];

/** Firmware of a virtual machine besides QEMU's own: needed only for UEFI. */
export const OVMF = {
  program: 'OVMF',
  files: ['/usr/share/OVMF/OVMF_CODE_4M.fd', '/usr/share/OVMF/OVMF_CODE.fd'],
  package: 'ovmf',
  purpose: 'booting a virtual machine with UEFI',
} as const satisfies HostTool;

/** The same that enforces Secure Boot: needed only for that. */
export const OVMF_SECURE = {
  program: 'OVMF with Secure Boot',
  files: ['/usr/share/OVMF/OVMF_CODE_4M.secboot.fd', '/usr/share/OVMF/OVMF_CODE.secboot.fd'],
  package: 'ovmf',
  purpose: 'booting a virtual machine with Secure Boot',
} as const satisfies HostTool;

/** What keeps a medium unchanged while a machine under test writes to it. */
export const QEMU_IMG: HostTool = {
  program: 'qemu-img',
  package: 'qemu-utils',
  purpose: 'leaving a medium under test unchanged',
};

/** QEMU's window, whose availability QEMU reports: needed only for `mkma run --window`. */
export const QEMU_WINDOW: HostTool = {
  program: "QEMU's window",
  files: [],
  package: 'qemu-system-gui',
  purpose: "showing a virtual machine's screen",
};

/** The tool by its program's name. */
export function hostTool(program: string): HostTool | undefined {
  const all = [...BUILD_TOOLS, ...ROOTLESS_TOOLS, ...MEDIUM_TOOLS, ...QEMU_TOOLS, QEMU_IMG];
  return all.find((tool) => tool.program === program);
}
