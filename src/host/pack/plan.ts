/**
 * Which records an archive has, in which segment: pure. Directories come first, in a segment of their own, so that the
 * other segments can be unpacked side by side; the names of one inode stay together.
 */

import type { FileAttributes } from '../../core/attributes.js';
import {
  archiveName,
  NEWC_MAX_FILE,
  NEWC_MAX_NAME,
  newcRecordSize,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFREG,
} from '../../core/cpio.js';
import type { RootFacts } from '../../core/manifest.js';
import { nameLength, quoteName } from '../../core/path.js';
import { err, ok, type Result } from '../../core/result.js';
import type { TreeEntry } from '../../core/tree.js';

/** Bytes of archive after which a segment ends: enough for good compression, few enough to keep many cores busy. */
export const SEGMENT_TARGET = 32 * 2 ** 20;
/** Pages of the RAM file system; a file takes whole ones (x86 and arm64 kernels of Debian). */
const PAGE = 4096;

/** One record of the archive. `data` says where its content comes from. */
export interface PlannedRecord {
  readonly path: string;
  /** Type and permissions, as st_mode. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Renumbered: 1, 2, 3 ... in the order of the archive. */
  readonly ino: number;
  readonly nlink: number;
  readonly mtime: number;
  readonly size: number;
  readonly rdevMajor: number;
  readonly rdevMinor: number;
  /** `file`: read it from the tree; a symlink's target as text; none for everything else. */
  readonly data: 'file' | 'none' | { readonly target: string };
}

export interface PlannedSegment {
  readonly records: readonly PlannedRecord[];
  /** Bytes of archive, without a trailer. */
  readonly bytes: number;
}

export interface Plan {
  readonly segments: readonly PlannedSegment[];
  /** Bytes of all segments. */
  readonly bytes: number;
  /** Bytes of RAM the files take once unpacked, in whole pages. */
  readonly unpackedBytes: number;
  readonly inodes: number;
  /** Mode and owner of the tree's root. */
  readonly root: RootFacts;
  /** Sockets: left out, to be named. */
  readonly sockets: readonly string[];
  /** Extended attributes, of each inode under one of its names. */
  readonly attributes: readonly FileAttributes[];
}

/** Device numbers of the tree's device nodes, by path. */
export type DeviceNumbers = ReadonlyMap<string, { readonly major: number; readonly minor: number }>;

export interface PlanOptions {
  /** Latest mtime a record may have (SOURCE_DATE_EPOCH), in seconds. */
  readonly latestMtime?: number | undefined;
  readonly segmentTarget?: number;
  /** What the tree's files have of them, sorted by path. */
  readonly attributes?: readonly FileAttributes[];
}

const TYPE_BITS = { f: S_IFREG, d: S_IFDIR, l: S_IFLNK, b: S_IFBLK, c: S_IFCHR, p: S_IFIFO } as const;

/** Plan the archive of a tree (as `parseTree` gives it). Fails where newc cannot hold a file, naming all of them. */
export function planArchive(
  tree: readonly TreeEntry[],
  devices: DeviceNumbers,
  options: PlanOptions = {},
): Result<Plan> {
  const refused = refusals(tree);
  if (refused !== undefined) return refused;
  const kept = tree.filter((entry) => entry.type !== 's');
  const groups = groupByInode(kept);
  const segments: PlannedSegment[] = [];
  let records: PlannedRecord[] = [];
  let bytes = 0;
  const close = (): void => {
    if (records.length > 0) segments.push({ records, bytes });
    records = [];
    bytes = 0;
  };
  let inodes = 0;
  let unpackedBytes = 0;
  const add = (names: readonly TreeEntry[]): void => {
    inodes++;
    names.forEach((entry, i) => {
      const record = toRecord(
        entry,
        inodes,
        names.length,
        i === names.length - 1,
        devices,
        options.latestMtime,
      );
      records.push(record);
      bytes += recordBytes(record);
      if (record.data === 'file') unpackedBytes += Math.ceil(record.size / PAGE) * PAGE;
    });
  };
  for (const group of groups) if (group[0]?.type === 'd') add(group);
  close();
  const target = options.segmentTarget ?? SEGMENT_TARGET;
  for (const group of groups) {
    if (group[0]?.type === 'd') continue;
    add(group);
    if (bytes >= target) close();
  }
  close();
  return ok({
    segments,
    bytes: segments.reduce((sum, segment) => sum + segment.bytes, 0),
    unpackedBytes,
    inodes,
    root: rootOf(tree),
    sockets: tree.filter((entry) => entry.type === 's').map((entry) => entry.path),
    attributes: attributesOf(groups, options.attributes ?? []),
  });
}

/** All names of an inode have its attributes: one is enough. Those of what is not in the archive are dropped. */
function attributesOf(
  groups: readonly (readonly TreeEntry[])[],
  attributes: readonly FileAttributes[],
): FileAttributes[] {
  if (attributes.length === 0) return [];
  const first = new Set(groups.map((names) => names[0]?.path));
  return attributes.filter(({ path }) => first.has(path));
}

function rootOf(tree: readonly TreeEntry[]): RootFacts {
  const root = tree.find((entry) => entry.path === '.');
  if (root === undefined) throw new Error('the tree has no root');
  return { mode: root.mode, uid: root.uid, gid: root.gid };
}

function refusals(tree: readonly TreeEntry[]): Result<Plan> | undefined {
  const large = tree.filter((entry) => entry.type === 'f' && entry.size > NEWC_MAX_FILE);
  if (large.length > 0) {
    return err({
      what: 'a newc archive cannot hold a file of 4 GiB or more',
      where: large.map((entry) => `/${quoteName(entry.path)}`).join(', '),
      why: 'its size field has 32 bits; mkma refuses rather than drop the file',
      next: 'remove it from the tree, or split it',
    });
  }
  const long = tree.find((entry) => nameLength(entry.path) + 1 > NEWC_MAX_NAME);
  if (long === undefined) return undefined;
  return err({
    what: `a newc archive cannot hold a path of ${NEWC_MAX_NAME} bytes or more`,
    where: `/${quoteName(long.path.slice(0, 200))}...`,
    next: 'remove it from the tree, or shorten its path',
  });
}

/** The entries in order, all names of one inode together at the place of the first. */
function groupByInode(tree: readonly TreeEntry[]): TreeEntry[][] {
  const groups: TreeEntry[][] = [];
  const byInode = new Map<string, TreeEntry[]>();
  for (const entry of tree) {
    const linked = entry.type !== 'd' && entry.nlink > 1 ? byInode.get(entry.ino) : undefined;
    if (linked !== undefined) {
      linked.push(entry);
      continue;
    }
    const group = [entry];
    groups.push(group);
    if (entry.type !== 'd' && entry.nlink > 1) byInode.set(entry.ino, group);
  }
  return groups;
}

function toRecord(
  entry: TreeEntry,
  ino: number,
  names: number,
  last: boolean,
  devices: DeviceNumbers,
  latestMtime: number | undefined,
): PlannedRecord {
  const type = entry.type as keyof typeof TYPE_BITS;
  // As GNU cpio writes newc: of several names of one file, only the last carries the content.
  const hasFile = type === 'f' && last;
  const device = devices.get(entry.path);
  if ((type === 'b' || type === 'c') && device === undefined)
    throw new Error(`no device number of ${entry.path}`);
  return {
    path: entry.path,
    mode: TYPE_BITS[type] | entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    ino,
    // Not 2, as directories have: libarchive looks every inode of several names up among all before it.
    nlink: type === 'd' ? 1 : names,
    mtime: Math.min(Math.max(entry.mtime, 0), latestMtime ?? 0xffffffff, 0xffffffff),
    size: hasFile ? entry.size : type === 'l' ? nameLength(entry.target) : 0,
    rdevMajor: device?.major ?? 0,
    rdevMinor: device?.minor ?? 0,
    data: hasFile ? 'file' : type === 'l' ? { target: entry.target } : 'none',
  };
}

function recordBytes(record: PlannedRecord): number {
  return newcRecordSize(nameLength(archiveName(record.path)), record.size);
}
