/**
 * A tree of files as data: read in bulk from find(1), since names are bytes and one process a file is too slow.
 */
import { compareNames, decodeName } from './path.js';

/** find(1)'s letter of a file's type: file, directory, symlink, block or character device, FIFO, socket. */
export type FileType = 'f' | 'd' | 'l' | 'b' | 'c' | 'p' | 's';

export interface TreeEntry {
  /** Relative to the tree's root, in the codec of path.ts; the root itself is `.`. */
  readonly path: string;
  readonly type: FileType;
  /** Permission bits, with set-id and sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly nlink: number;
  /** Inode number in decimal; a string, since it may not fit a double. */
  readonly ino: string;
  /** Bytes of a regular file's content or of a symlink's target. */
  readonly size: number;
  /** Whole seconds since the epoch, rounded down. */
  readonly mtime: number;
  /** Target of a symlink; empty for everything else. */
  readonly target: string;
}

/** Arguments of GNU find that make the output {@link parseTree} reads, for the tree at `root`. */
export function findArguments(root: string): string[] {
  return [root, '-xdev', '-printf', '%y %m %U %G %n %i %s %T@\\0%P\\0%l\\0'];
}

/** Parse what `find` printed, sorted by name so that every folder comes before what is in it. */
export function parseTree(output: Uint8Array): TreeEntry[] {
  const fields = decodeName(output).split('\0');
  if (fields.pop() !== '' || fields.length % 3 !== 0) {
    throw new Error('the listing of find ends in the middle of a record');
  }
  const entries: TreeEntry[] = [];
  for (let i = 0; i < fields.length; i += 3) {
    const [facts, path, target] = fields.slice(i, i + 3) as [string, string, string];
    const [type, mode, uid, gid, nlink, ino, size, mtime] = facts.split(' ');
    entries.push({
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
    });
  }
  return entries.sort((a, b) => (a.path === '.' ? -1 : b.path === '.' ? 1 : compareNames(a.path, b.path)));
}
