/** Files that programs change through memory: their times tell only the first of such changes. */
import type { Finished } from '../../machine.js';

/** The program that tells {@link mappedInodes}. A process may be gone when it is looked at. */
export const MAPPINGS: readonly string[] = ['sh', '-c', 'grep -sh "^[^ ]* .w.s " /proc/[0-9]*/maps'];

/** Inode numbers, in decimal, of files that some program has mapped shared and writable (proc_pid_maps(5)). */
export function mappedInodes({ stdout }: Finished): Set<string> {
  const inodes = stdout.split('\n').map((line) => line.split(/ +/)[4] ?? '0');
  return new Set(inodes.filter((ino) => ino !== '0'));
}
