/** Files that programs change through memory: their times tell only the first of such changes. */
import type { LowerView } from '../../../core/lower.js';
import type { TreeEntry } from '../../../core/tree.js';
import type { Finished } from '../../machine.js';

/** The program that tells {@link mappedInodes}. A process may be gone when it is looked at. */
export const MAPPINGS: readonly string[] = ['sh', '-c', 'grep -sh "^[^ ]* .w.s " /proc/[0-9]*/maps'];

/** Address, permissions, offset, device, inode, and the path with newlines as `\012` (proc_pid_maps(5)). */
const LINE = /^\S+ \S+ \S+ \S+ (\d+) *(?:\/(.*))?$/;

/**
 * Inode numbers, in decimal, of files that some program has mapped shared and writable: as they are told, and those of the upper
 * directory's `entries` that are meant. In an overlay a file that was copied up keeps its lower inode's number, by which it
 * is found, and by its path: through a bind mount that is another one, and a renamed file is no longer where its inode was.
 */
export function mappedInodes(
  { stdout }: Finished,
  entries: readonly TreeEntry[],
  stack: LowerView,
): Set<string> {
  const told = new Set<string>();
  const paths = new Set<string>();
  for (const line of stdout.split('\n')) {
    const [, ino = '0', path] = LINE.exec(line) ?? [];
    if (ino !== '0') told.add(ino);
    if (path !== undefined) paths.add(path.replaceAll('\\012', '\n'));
  }
  if (told.size === 0 && paths.size === 0) return told;
  const isMeant = (path: string): boolean => paths.has(path) || told.has(stack.at(path)?.ino ?? '');
  return new Set([...told, ...entries.filter(({ path }) => isMeant(path)).map(({ ino }) => ino)]);
}
