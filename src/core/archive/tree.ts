/**
 * A tree of files as data: read in bulk from find(1), since names are bytes and one process per file is too
 * slow.
 */
import { concatBytes } from '../text/bytes.js';
import { decodeName, sortByName } from '../text/path.js';
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG } from './cpio.js';

/** find(1)'s letter of a file's type: file, directory, symlink, block or character device, FIFO, socket. */
export type FileType = 'f' | 'd' | 'l' | 'b' | 'c' | 'p' | 's';

const TYPES: Readonly<Record<number, FileType>> = {
  [S_IFREG]: 'f',
  [S_IFDIR]: 'd',
  [S_IFLNK]: 'l',
  [S_IFBLK]: 'b',
  [S_IFCHR]: 'c',
  [S_IFIFO]: 'p',
};

/** The type in a file's mode (inode(7)). */
export function fileTypeOf(mode: number): FileType {
  return TYPES[mode & S_IFMT] ?? 's';
}

export interface TreeEntry {
  /** Relative to the tree's root, in the codec of path.ts; the root itself is `.`. */
  readonly path: string;
  readonly type: FileType;
  /** Permission bits, with set-id and sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly nlink: number;
  /**
   * Inode number in decimal; a string, since it may not fit a double. With a prefix if it is that of an
   * overlay's view ({@link inView}).
   */
  readonly ino: string;
  /** Number of its file system: an overlay's view shows those of the directories it consists of. */
  readonly fileSystem: string;
  /** Bytes of a regular file's content or of a symlink's target. */
  readonly size: number;
  /** Whole seconds since the epoch, rounded down. */
  readonly mtime: number;
  /** Target of a symlink; empty for everything else. */
  readonly target: string;
  /**
   * When content or metadata last changed, as find prints it (seconds with their fraction): only to be
   * compared.
   */
  readonly changed: string;
  /** Bytes allocated by its file system: fewer than its size if it has holes. */
  readonly allocated: number;
}

/** Before the inode number of an entry that was found in the view of an overlay: a directory has others. */
const IN_VIEW = 'view:';

/** An entry of an overlay's view among those of one of its directories. */
export function inView(entry: TreeEntry): TreeEntry {
  return { ...entry, ino: `${IN_VIEW}${entry.fileSystem}:${entry.ino}` };
}

export function isViewed({ ino }: Pick<TreeEntry, 'ino'>): boolean {
  return ino.startsWith(IN_VIEW);
}

/** The inode number itself. */
export function inodeNumber({ ino }: Pick<TreeEntry, 'ino'>): string {
  return ino.slice(ino.lastIndexOf(':') + 1);
}

/** Bytes of a block in the output of find(1) (%b), whatever the file system's own block size. */
const BLOCK = 512;
/**
 * A record of an entry: facts, path and target, ended by a NUL. No path has two slashes in a row. One line an
 * entry, as it were, so that other programs can sort and compare records.
 */
const FACTS = '%y %m %U %G %n %D %i %s %Ts %C@ %b';
const FACT_COUNT = 11;

function recordFormat(path: '%P' | '%p'): string {
  return `${FACTS} ${path}//%l\\0`;
}

/** Arguments of GNU find for the output that {@link TreeParser} reads, for the tree at `root`. */
export function findArguments(root: string): string[] {
  return [root, '-xdev', '-printf', recordFormat('%P')];
}

/** What to print of a path: it, what a folder there contains, all of both, or what has several names. */
export type FindDepth = 'themselves' | 'children' | 'everything' | 'linked';

const DEPTHS: Readonly<Record<FindDepth, readonly string[]>> = {
  themselves: ['-maxdepth', '0'],
  children: ['-mindepth', '1', '-maxdepth', '1'],
  everything: [],
  linked: ['!', '-type', 'd', '-links', '+1'],
};

/**
 * Arguments of GNU find for such output of the paths it reads from standard input, each ended by a NUL and
 * begun with `./`.
 */
export function findThese(depth: FindDepth): string[] {
  return ['-files0-from', '-', ...DEPTHS[depth], '-printf', recordFormat('%p')];
}

/** Parses the output of find, as text in the codec of path.ts. Not sorted. */
export function parseThese(listing: string): TreeEntry[] {
  const records = listing.split('\0');
  if (records.pop() !== '') throw new Error('the listing of find ends in the middle of a record');
  return records.map(entryOf);
}

/** An entry as find prints it. */
export function printEntry(entry: TreeEntry): string {
  const { type, mode, uid, gid, nlink, fileSystem, ino, size, mtime, changed, allocated, path, target } =
    entry;
  const owner = `${type} ${mode.toString(8)} ${uid} ${gid}`;
  const facts = `${owner} ${nlink} ${fileSystem} ${ino} ${size} ${mtime} ${changed}`;
  return `${facts} ${allocated / BLOCK} ${path === '.' ? '' : path}//${target}\0`;
}

/** Parses the whole output of find with {@link findArguments}; sorted like {@link TreeParser.finish}. */
export function parseTree(listing: string): TreeEntry[] {
  return sortTree(parseThese(listing));
}

/** Sorts by name, so that every folder comes before its contents. */
export function sortTree<T extends { readonly path: string }>(entries: T[]): T[] {
  return sortByName(entries, ({ path }) => (path === '.' ? '' : path));
}

/** Parses the output of `find`, in pieces of any size while it still runs. */
export class TreeParser {
  private readonly entries: TreeEntry[] = [];
  /** Bytes of an incomplete record. */
  private rest: Uint8Array = new Uint8Array(0);

  take(piece: Uint8Array): void {
    const end = piece.lastIndexOf(0) + 1;
    if (end === 0) {
      this.rest = concatBytes([this.rest, piece]);
      return;
    }
    for (const entry of parseThese(decodeName(concatBytes([this.rest, piece.subarray(0, end)])))) {
      this.entries.push(entry);
    }
    this.rest = piece.slice(end);
  }

  /** All entries, sorted by name so that every folder comes before its contents. */
  finish(): TreeEntry[] {
    if (this.rest.length > 0) throw new Error('the listing of find ends in the middle of a record');
    return sortTree(this.entries);
  }
}

function entryOf(record: string): TreeEntry {
  const end = record.indexOf('//');
  const words = record.slice(0, end).split(' ');
  const [type, mode, uid, gid, nlink, fileSystem, ino, size, mtime, changed, blocks] = words;
  const path = words.length === FACT_COUNT + 1 ? words[FACT_COUNT] : words.slice(FACT_COUNT).join(' ');
  return {
    path:
      path === '' || path === '.' ? '.' : path?.startsWith('./') === true ? path.slice(2) : (path as string),
    type: type as FileType,
    mode: Number.parseInt(mode as string, 8),
    uid: Number(uid),
    gid: Number(gid),
    nlink: Number(nlink),
    fileSystem: fileSystem as string,
    ino: ino as string,
    size: Number(size),
    mtime: Number(mtime),
    target: record.slice(end + 2),
    changed: changed as string,
    allocated: Number(blocks) * BLOCK,
  };
}
