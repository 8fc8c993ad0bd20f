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
  return { ...entry, ino: IN_VIEW + entry.ino };
}

export function isViewed({ ino }: Pick<TreeEntry, 'ino'>): boolean {
  return ino.startsWith(IN_VIEW);
}

/** The inode number itself. */
export function inodeNumber({ ino }: Pick<TreeEntry, 'ino'>): string {
  return ino.startsWith(IN_VIEW) ? ino.slice(IN_VIEW.length) : ino;
}

/** Arguments of GNU find for the output that {@link TreeParser} reads, for the tree at `root`. */
export function findArguments(root: string): string[] {
  return [root, '-xdev', '-printf', `${FACTS}\\0%P\\0%l\\0`];
}

/** Bytes of a block in the output of find(1) (%b), whatever the file system's own block size. */
const BLOCK = 512;
const FACTS = '%y %m %U %G %n %i %s %T@ %C@ %b';

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
  return ['-files0-from', '-', ...DEPTHS[depth], '-printf', `${FACTS}\\0%p\\0%l\\0`];
}

/** Parses the output of find with {@link findThese}, as text in the codec of path.ts. Not sorted. */
export function parseThese(listing: string): TreeEntry[] {
  const fields = listing.split('\0');
  if (fields.length % 3 !== 1) throw new Error('the listing of find ends in the middle of a record');
  const entries: TreeEntry[] = [];
  for (let i = 0; i + 2 < fields.length; i += 3) {
    const path = fields[i + 1] as string;
    entries.push(
      entryOf(fields[i] as string, path.startsWith('./') ? path.slice(2) : path, fields[i + 2] as string),
    );
  }
  return entries;
}

/** Entries in the form that {@link parseThese} reads. */
export function printTree(entries: readonly TreeEntry[]): string {
  return entries
    .map(
      ({ type, mode, uid, gid, nlink, ino, size, mtime, changed, allocated, path, target }) =>
        `${type} ${mode.toString(8)} ${uid} ${gid} ${nlink} ${ino} ${size} ${mtime} ${changed} ${allocated / BLOCK}\0${path}\0${target}\0`,
    )
    .join('');
}

/**
 * Parses the whole output of find with {@link findArguments}, in the codec of path.ts; sorted like {@link
 * TreeParser.finish}.
 */
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
  /** Fields of an incomplete record, and the bytes of an incomplete field. */
  private fields: string[] = [];
  private rest: Uint8Array = new Uint8Array(0);

  take(piece: Uint8Array): void {
    const end = piece.lastIndexOf(0) + 1;
    if (end === 0) {
      this.rest = concatBytes([this.rest, piece]);
      return;
    }
    const whole = concatBytes([this.rest, piece.subarray(0, end)]);
    this.rest = piece.slice(end);
    const fields = [...this.fields, ...decodeName(whole).split('\0')];
    fields.pop();
    const records = fields.length - (fields.length % 3);
    for (let i = 0; i < records; i += 3) {
      this.entries.push(entryOf(fields[i] as string, fields[i + 1] as string, fields[i + 2] as string));
    }
    this.fields = fields.slice(records);
  }

  /** All entries, sorted by name so that every folder comes before its contents. */
  finish(): TreeEntry[] {
    if (this.rest.length > 0 || this.fields.length > 0) {
      throw new Error('the listing of find ends in the middle of a record');
    }
    return sortTree(this.entries);
  }
}

function entryOf(facts: string, path: string, target: string): TreeEntry {
  const [type, mode, uid, gid, nlink, ino, size, mtime, changed, blocks] = facts.split(' ');
  return {
    path: path === '' ? '.' : path,
    type: type as FileType,
    mode: Number.parseInt(mode as string, 8),
    uid: Number(uid),
    gid: Number(gid),
    nlink: Number(nlink),
    ino: ino as string,
    size: Number(size),
    mtime: Math.floor(Number(mtime)),
    target,
    changed: changed as string,
    allocated: Number(blocks) * BLOCK,
  };
}
