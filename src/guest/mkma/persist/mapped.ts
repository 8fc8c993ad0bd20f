/** Files that programs change through memory: their times tell only the first of such changes. */
import type { TreeEntry } from '../../../core/tree.js';
import type { Finished } from '../../machine.js';

/** The program that tells {@link mappedInodes}. A process may be gone when it is looked at. */
export const MAPPINGS: readonly string[] = ['sh', '-c', 'grep -sh "^[^ ]* .w.s " /proc/[0-9]*/maps'];

/** Address, permissions, offset, device, inode, and the path with newlines as `\012` (proc_pid_maps(5)). */
const LINE = /^\S+ \S+ \S+ \S+ (\d+) *(?:\/(.*))?$/;

/**
 * Inode numbers, in decimal, of files that some program has mapped shared and writable: as they are told, and those that the
 * upper directory's `entries` have at the paths told. A file that was copied up keeps its lower inode's number in an overlay.
 */
export function mappedInodes({ stdout }: Finished, entries: readonly TreeEntry[]): Set<string> {
  const inodes = new Set<string>();
  const paths = new Set<string>();
  for (const line of stdout.split('\n')) {
    const [, ino = '0', path] = LINE.exec(line) ?? [];
    if (ino !== '0') inodes.add(ino);
    if (path !== undefined) paths.add(path.replaceAll('\\012', '\n'));
  }
  if (paths.size > 0) for (const { path, ino } of entries) if (paths.has(path)) inodes.add(ino);
  return inodes;
}
