/**
 * The disks of a machine as its definition has them: one list for fstab(5), crypttab(5), packages and checks.
 * Pure.
 */
import { isWithin } from '../../core/text/path.js';
import { normalDevice } from '../tools/unit-name.js';
import type { MachineConfig } from './machine.js';
import type { Path } from './merge.js';

type Said = Exclude<MachineConfig['swap'][number]['encrypted'], boolean | 'random'>;

/** An encrypted device and its unlocked name: an entry of crypttab(5). */
export interface Mapping {
  /** Its name below /dev/mapper. */
  readonly name: string;
  readonly device: string;
  /** With a new key at each boot: only swap. */
  readonly random: boolean;
  readonly keyFile: string | undefined;
  readonly keyDevice: string | undefined;
  readonly tpm2: boolean;
  readonly options: readonly string[];
}

/** A file system or swap on a disk. */
export interface Disk {
  /** Its field in the definition. */
  readonly field: Path;
  /** Its mount point; none for swap. */
  readonly point: string | undefined;
  readonly device: string;
  readonly type: string;
  readonly options: readonly string[];
  readonly mapping: Mapping | undefined;
  readonly required: boolean;
}

/** A file system on a disk. */
export type DiskMount = Disk & { readonly point: string };

const PLAIN: Said = { tpm2: false, options: [] };

/** Mounts, parent folders first, then swap. */
export function disksOf(machine: Pick<MachineConfig, 'mounts' | 'swap'>): Disk[] {
  return [...mountsOf(machine), ...swapOf(machine)];
}

/** Mounts, parent folders first. */
export function mountsOf({ mounts }: Pick<MachineConfig, 'mounts'>): DiskMount[] {
  const found: DiskMount[] = [];
  for (const [path, said] of Object.entries(mounts).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (said === false) continue;
    const point = plainPath(path);
    const { type, options, required, encrypted } = said;
    const device = normalDevice(said.device);
    // Several mounts of one encrypted file system, such as subvolumes of a btrfs, share one mapping.
    const same = found.find((other) => other.device === device && other.mapping !== undefined)?.mapping;
    const own = encrypted === true ? PLAIN : encrypted;
    const fresh =
      own === false ? undefined : mapping(own, { device, name: point.slice(1).replaceAll('/', '-') });
    const shared = same !== undefined && fresh !== undefined && isSame(fresh, same, own) ? same : fresh;
    found.push({ field: ['mounts', path], point, device, type, options, required, mapping: shared });
  }
  return found;
}

function swapOf({ swap }: Pick<MachineConfig, 'swap'>): Disk[] {
  return swap.map((said, i) => {
    const { options, priority, encrypted } = said;
    const device = normalDevice(said.device);
    const random = encrypted === 'random';
    const own = encrypted === true || encrypted === 'random' ? PLAIN : encrypted;
    return {
      ...{ field: ['swap', i], point: undefined, device, type: 'swap', required: false },
      options: [...options, ...(priority === undefined ? [] : [`pri=${priority}`])],
      mapping:
        own === false ? undefined : mapping(own, { device, random, name: i === 0 ? 'swap' : `swap${i + 1}` }),
    };
  });
}

function mapping(said: Said, own: { device: string; name: string; random?: boolean }): Mapping {
  const { name = own.name.replace(/[^A-Za-z0-9._+-]/g, '_'), keyFile, keyDevice, tpm2, options } = said;
  return { name, device: own.device, random: own.random ?? false, keyFile, keyDevice, tpm2, options };
}

/** Whether two mounts unlock one device in the same way; one without a name takes that of the other. */
function isSame(fresh: Mapping, before: Mapping, said: Said | boolean): boolean {
  const name = typeof said === 'object' && said.name !== undefined ? fresh.name : before.name;
  return JSON.stringify({ ...fresh, name }) === JSON.stringify(before);
}

/** The encrypted devices, each once. */
export function mappingsOf(disks: readonly Disk[]): Mapping[] {
  return [...new Set(disks.flatMap(({ mapping }) => mapping ?? []))];
}

/** The mount that contains a path: the deepest one at or above it. */
export function mountOver(mounts: readonly DiskMount[], path: string): DiskMount | undefined {
  return mounts.findLast(({ point }) => isWithin(path, point));
}

/** A path without doubled slashes. */
export function plainPath(path: string): string {
  return path.replace(/\/+/g, '/');
}

/**
 * Packages of the programs that check or assemble a file system (fsck(8), mkfs(8)). All others require only
 * the kernel.
 */
const OF_TYPE: Readonly<Record<string, string>> = {
  ...{ auto: 'e2fsprogs', ext2: 'e2fsprogs', ext3: 'e2fsprogs', ext4: 'e2fsprogs' },
  ...{ btrfs: 'btrfs-progs', xfs: 'xfsprogs', f2fs: 'f2fs-tools', jfs: 'jfsutils', nilfs2: 'nilfs-tools' },
  ...{ vfat: 'dosfstools', exfat: 'exfatprogs', ntfs: 'ntfs-3g', 'ntfs-3g': 'ntfs-3g' },
};

/** Programs of systemd that unlock disks, and cryptsetup(8) to inspect them. */
const OF_ENCRYPTED = ['systemd-cryptsetup', 'cryptsetup-bin'];

/**
 * Libraries that systemd-cryptsetup opens at run time to talk to a TPM (systemd's tpm2-util.c), which it does
 * not depend on.
 */
const OF_TPM2 = ['libtss2-esys-3.0.2-0', 'libtss2-rc0', 'libtss2-tcti-device0'];

/** Packages that a disk requires on the machine. */
export function packagesOfDisk({ type, mapping }: Disk): string[] {
  const own = OF_TYPE[type];
  return [
    ...(own === undefined ? [] : [own]),
    ...(mapping === undefined ? [] : OF_ENCRYPTED),
    ...(mapping?.tpm2 === true ? OF_TPM2 : []),
  ];
}
