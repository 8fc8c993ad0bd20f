/**
 * Files that programs have open for writing, as two listings of /proc show them. Neither asks a file system,
 * which may be served by a program that stands still.
 */
import type { TreeEntry } from '../archive/tree.js';

/** Arguments of find(1) for the first, after folders `/proc/PID/fd`: descriptors, and where they lead. */
export const LINKS_OF_WRITERS: readonly string[] = [
  // The owner's permission to write on such a link is that of the open file (proc_pid_fd(5)).
  ...['-mindepth', '1', '-maxdepth', '1', '-perm', '-200', '-lname', '/*', '-printf', '%p %l\\0'],
];
/** Of grep(1) for the second, before folders `/proc/PID/fdinfo`: inode numbers (kernel: proc.rst, 3.8). */
export const NUMBERS_OF_FILES: readonly string[] = ['--recursive', '--no-messages', '^ino:'];

/** Of grep(1) for /proc/PID/maps: what a program has mapped writable and shared (proc_pid_maps(5)). */
export const MAPPED_BY_WRITERS = '^[^ ]* .w.s ';

/** A file that a program has open for writing. */
export interface OpenFile {
  readonly pid: number;
  /** Inode number in decimal, as the overlay has it. */
  readonly ino: string;
  /** Absolute; with more before it if the program sees another root than this one. */
  readonly path: string;
}

/** What the kernel puts behind the path of a file that has no name any more. */
const DELETED = ' (deleted)';

export function parseOpenFiles(links: string, numbers: string): OpenFile[] {
  const inodes = new Map(
    numbers.split('\n').map((line) => {
      const [, pid, fd, ino] = /^\/proc\/(\d+)\/fdinfo\/(\d+):ino:\t(\d+)$/.exec(line) ?? [];
      return [`/proc/${pid}/fd/${fd}`, ino];
    }),
  );
  return links.split('\0').flatMap((record): OpenFile[] => {
    const at = record.indexOf(' ');
    const [name, path] = [record.slice(0, at), record.slice(at + 1)];
    if (at < 0 || path.endsWith(DELETED)) return [];
    return [{ pid: Number(name.split('/')[2]), ino: inodes.get(name) ?? '', path }];
  });
}

/**
 * The programs that have files of a tree open for writing, by path. An overlay's file that was copied up has
 * the number of its lower inode, and is known by its path alone.
 */
export function writersOf(open: readonly OpenFile[], entries: readonly TreeEntry[]): Map<string, number[]> {
  const byName = new Map<string, OpenFile[]>();
  for (const file of open) {
    const name = nameOf(file.path);
    const same = byName.get(name);
    if (same === undefined) byName.set(name, [file]);
    else same.push(file);
  }
  const found = new Map<string, number[]>();
  for (const { path, type, ino } of entries) {
    if (type !== 'f') continue;
    const pids = (byName.get(nameOf(path)) ?? [])
      .filter((file) => file.path === `/${path}` || (file.ino === ino && file.path.endsWith(`/${path}`)))
      .map(({ pid }) => pid);
    if (pids.length > 0) found.set(path, [...new Set(pids)]);
  }
  return found;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
