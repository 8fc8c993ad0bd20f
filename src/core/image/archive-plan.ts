/**
 * Assigns the records of an archive to segments; pure. Directories come first, in a segment of their own, so
 * that the other segments can be unpacked in parallel; the names of one inode stay together.
 */
import type { FileAttributes } from '../archive/attributes.js';
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
} from '../archive/cpio.js';
import { isViewed, type TreeEntry } from '../archive/tree.js';
import { err, ok, type Result } from '../result.js';
import { nameLength, quoteName } from '../text/path.js';
import { cutSegments, InodeNumbers, type Piece } from './cuts.js';
import type { RootFacts } from './manifest.js';

/** Pages of the RAM file system; a file takes whole ones (x86 and arm64 kernels of Debian). */
const PAGE = 4096;

/** One record of the archive. `data` is the source of its content. */
export interface PlannedRecord {
  readonly path: string;
  /** Type and permissions, as st_mode. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Renumbered: the next one of its segment's range; no other inode of the archive has it. */
  readonly ino: number;
  readonly nlink: number;
  readonly mtime: number;
  readonly size: number;
  readonly rdevMajor: number;
  readonly rdevMinor: number;
  /** `file`: read it from the tree; a symlink's target, or a file's content, as text; none for all else. */
  readonly data: 'file' | 'none' | { readonly target: string } | { readonly text: string };
  /** Of a file to be read: what the tree had of it, so that the reader can detect a change. */
  readonly found?: Pick<TreeEntry, 'ino' | 'changed'> & {
    /** Whether the file has holes, as far as its blocks show. */
    readonly sparse?: boolean;
    /** There is a copy of it as it was found, which nothing changes. */
    readonly copied?: true;
  };
}

/** With the files marked of which there are copies of these sizes, by path. */
export function withCopies(plan: Plan, copies: ReadonlyMap<string, number>): Plan {
  if (copies.size === 0) return plan;
  const marked = (record: PlannedRecord): PlannedRecord => {
    const { path, size, data, found } = record;
    const has = data === 'file' && found !== undefined && !isViewed(found) && copies.get(path) === size;
    return has ? { ...record, found: { ...found, copied: true } } : record;
  };
  const segments = plan.segments.map((segment) => ({ ...segment, records: segment.records.map(marked) }));
  return { ...plan, segments };
}

/** The content that a record has itself. */
export function inlineText(data: Exclude<PlannedRecord['data'], 'file' | 'none'>): string {
  return 'text' in data ? data.text : data.target;
}

/** A segment, or a part of one. */
interface PlannedSegment {
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
  /** Sockets: left out, to be reported. */
  readonly sockets: readonly string[];
  /** Extended attributes, of each inode under one of its names. */
  readonly attributes: readonly FileAttributes[];
}

/** Device numbers of the tree's device nodes, by path. */
export type DeviceNumbers = ReadonlyMap<string, { readonly major: number; readonly minor: number }>;

export interface PlanOptions {
  /** Latest mtime a record may have (SOURCE_DATE_EPOCH), in seconds. */
  readonly latestMtime?: number | undefined;
  /** Most bytes of archive in a segment, unless a single inode has more. */
  readonly segmentTarget?: number;
  /**
   * Count only the allocated blocks of each file, on a tmpfs: holes stay holes there. `tmpfs`: not of those
   * in an overlay's view, which a file system below may hold compressed.
   */
  readonly sparse?: 'everywhere' | 'tmpfs';
  /** Attributes of the tree's files, sorted by path. */
  readonly attributes?: readonly FileAttributes[];
  /** Content of files that is not that of the tree, by path; their entries have its size. */
  readonly texts?: ReadonlyMap<string, string>;
  /** Files that are not in the archive, of which the manifest has the metadata. */
  readonly metadataOnly?: readonly TreeEntry[];
}

const TYPE_BITS = { f: S_IFREG, d: S_IFDIR, l: S_IFLNK, b: S_IFBLK, c: S_IFCHR, p: S_IFIFO } as const;

/**
 * Plans the archive of a tree (as read by `TreeParser`). Fails if newc cannot hold a file, naming all of
 * them.
 */
export function planArchive(
  tree: readonly TreeEntry[],
  devices: DeviceNumbers,
  options: PlanOptions = {},
): Result<Plan> {
  const refused = refusals(tree);
  if (refused !== undefined) return refused;
  const all = groupByInode(tree.filter(({ type }) => type !== 's')).map(toGroup);
  const directories = all.filter(({ names }) => names[0]?.type === 'd');
  const others = all.filter(({ names }) => names[0]?.type !== 'd');
  const numbers = new InodeNumbers();
  const segments = [directories, ...cutSegments(others, options.segmentTarget)]
    .filter((groups) => groups.length > 0)
    .map((groups) => {
      const records: PlannedRecord[] = [];
      let ino = numbers.give((groups[0] as Group).path, groups.length);
      for (const { names } of groups) addRecords(records, names, ino++, devices, options);
      return { records, bytes: sum(groups) };
    });
  return ok({
    segments,
    bytes: sum(segments),
    unpackedBytes: all.reduce((bytes, { names }) => bytes + heldBytes(names, options), 0),
    inodes: all.length + (options.metadataOnly?.length ?? 0),
    root: rootOf(tree),
    sockets: tree.filter((entry) => entry.type === 's').map((entry) => entry.path),
    attributes: attributesOf(all, options.metadataOnly ?? [], options.attributes ?? []),
  });
}

/** All names of one inode, which must stay in one segment. */
interface Group extends Piece {
  readonly names: readonly TreeEntry[];
}

function toGroup(names: readonly TreeEntry[]): Group {
  const last = names.length - 1;
  let bytes = recordBytes(names[last] as TreeEntry, true);
  for (let i = 0; i < last; i++) bytes += recordBytes(names[i] as TreeEntry, false);
  return { names, bytes, path: (names[0] as TreeEntry).path };
}

/**
 * All names of an inode share its attributes, so one is enough. Those of entries that the image does not have
 * are dropped.
 */
function attributesOf(
  groups: readonly Group[],
  metadataOnly: readonly TreeEntry[],
  attributes: readonly FileAttributes[],
): FileAttributes[] {
  if (attributes.length === 0) return [];
  const first = new Set(groups.map(({ path }) => path));
  for (const { path } of metadataOnly) first.add(path);
  return attributes.filter(({ path }) => first.has(path));
}

function sum(parts: readonly { readonly bytes: number }[]): number {
  return parts.reduce((bytes, part) => bytes + part.bytes, 0);
}

/** Adds the records of all names of one inode. */
function addRecords(
  records: PlannedRecord[],
  names: readonly TreeEntry[],
  ino: number,
  devices: DeviceNumbers,
  { latestMtime, texts }: PlanOptions,
): void {
  const last = names[names.length - 1];
  for (const entry of names) {
    const record = toRecord(entry, ino, names.length, entry === last, devices, latestMtime);
    const text = record.data === 'file' ? texts?.get(entry.path) : undefined;
    records.push(text === undefined ? record : { ...record, data: { text } });
  }
}

/** Bytes of RAM that the content of an inode takes. */
function heldBytes(names: readonly TreeEntry[], { sparse }: PlanOptions): number {
  const last = names[names.length - 1] as TreeEntry;
  const pages = last.type === 'f' ? Math.ceil(last.size / PAGE) * PAGE : 0;
  const counted = sparse === 'everywhere' || (sparse === 'tmpfs' && !isViewed(last));
  return counted ? Math.min(pages, last.allocated) : pages;
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
      code: 'file-too-large',
      what: 'a newc archive cannot hold a file of 4 GiB or more',
      where: large.map((entry) => `/${quoteName(entry.path)}`).join(', '),
      why: 'its size field has 32 bits; mkma refuses the tree rather than drop the file',
      next: 'remove it from the tree, or split it',
    });
  }
  const long = tree.find(
    ({ path }) => path.length * 3 >= NEWC_MAX_NAME && nameLength(path) + 1 > NEWC_MAX_NAME,
  );
  if (long === undefined) return undefined;
  return err({
    code: 'path-too-long',
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
  const hasFile = type === 'f' && last;
  const device = type === 'b' || type === 'c' ? devices.get(entry.path) : undefined;
  if ((type === 'b' || type === 'c') && device === undefined)
    throw new Error(`no device number of ${entry.path}`);
  const record: PlannedRecord = {
    path: entry.path,
    mode: TYPE_BITS[type] | entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    ino,
    // Not 2, as directories have: libarchive looks up every inode with several names among all before it.
    nlink: type === 'd' ? 1 : names,
    mtime: Math.min(Math.max(entry.mtime, 0), latestMtime ?? 0xffffffff, 0xffffffff),
    size: dataBytes(entry, last),
    rdevMajor: device?.major ?? 0,
    rdevMinor: device?.minor ?? 0,
    data: hasFile ? 'file' : type === 'l' ? { target: entry.target } : 'none',
  };
  if (!hasFile) return record;
  const sparse = entry.allocated < entry.size ? { sparse: true } : {};
  return Object.assign(record, { found: { ino: entry.ino, changed: entry.changed, ...sparse } });
}

/** Bytes of data in a record. As in GNU cpio, only the last of several names of one file has the content. */
function dataBytes({ type, size, target }: TreeEntry, last: boolean): number {
  if (type === 'l') return nameLength(target);
  return type === 'f' && last ? size : 0;
}

function recordBytes(entry: TreeEntry, last: boolean): number {
  return newcRecordSize(nameLength(archiveName(entry.path)), dataBytes(entry, last));
}
