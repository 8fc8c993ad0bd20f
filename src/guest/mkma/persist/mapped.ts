/** Files that programs change through memory: their times tell only the first of such changes. */
import type { RunningMachine } from '../../machine.js';

/** Inode numbers, in decimal, of files that some program has mapped shared and writable (proc_pid_maps(5)). */
export function mappedInodes(machine: RunningMachine): Set<string> {
  const command = 'grep -sh "^[^ ]* .w.s " /proc/[0-9]*/maps';
  const { stdout } = machine.run(['sh', '-c', command]);
  const inodes = stdout.split('\n').map((line) => line.split(/ +/)[4] ?? '0');
  return new Set(inodes.filter((ino) => ino !== '0'));
}
