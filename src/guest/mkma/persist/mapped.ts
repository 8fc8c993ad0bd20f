/** Files that programs change through memory: their times tell only the first of such changes. */

import type { TreeEntry } from '../../../core/archive/tree.js';
import { OVERLAY } from '../../../core/contract.js';
import { answered } from '../../ran.js';
import type { Finished, GuestSystem } from '../../system.js';

/** The program that tells {@link mappedInodes}. A process may be gone when it is looked at. */
export const MAPPINGS: readonly string[] = ['sh', '-c', 'grep -sh "^[^ ]* .w.s " /proc/[0-9]*/maps'];

/** grep(1): no line, or a file that could not be read. */
const NOTHING_FOUND = [1, 2];

/** Address, permissions, offset, device, inode, and the path with newlines as `\012` (proc_pid_maps(5)). */
const LINE = /^\S+ \S+ \S+ (\S+) (\d+) *(?:\/(.*))?$/;

/**
 * Inode numbers, in decimal, of files that some program has mapped shared and writable, on one of these `devices`: as they are
 * told, and those that the upper directory's `entries` have at the paths told. A file that was copied up keeps its lower inode's number in an
 * overlay. Files elsewhere (the journal in /run) may have the same numbers.
 */
export function mappedInodes(
  finished: Finished,
  entries: readonly TreeEntry[],
  devices: ReadonlySet<string>,
): Set<string> {
  const { stdout } = answered(MAPPINGS, finished, NOTHING_FOUND);
  const inodes = new Set<string>();
  const paths = new Set<string>();
  for (const line of stdout.split('\n')) {
    const [, device = '', ino = '0', path] = LINE.exec(line) ?? [];
    if (ino === '0' || !devices.has(device)) continue;
    inodes.add(ino);
    if (path !== undefined) paths.add(path.replaceAll('\\012', '\n'));
  }
  if (paths.size > 0) for (const { path, ino } of entries) if (paths.has(path)) inodes.add(ino);
  return inodes;
}

/** Mount points of the overlay and of what holds its upper directory: kernels before 6.8 tell that one's device. */
const OURS: readonly string[] = ['/', `/${OVERLAY.root}`];

/** The devices of both, as the mappings tell them: in hexadecimal, out of /proc/self/mountinfo (proc_pid_mountinfo(5)). */
export function ownDevices(mountinfo: string): Set<string> {
  const fields = mountinfo.split('\n').map((line) => line.split(' '));
  const hexadecimal = (number: string): string => Number(number).toString(16).padStart(2, '0');
  return new Set(
    fields
      .filter(([, , , , point = '']) => OURS.includes(point))
      .map(([, , device = '']) => device.split(':').map(hexadecimal).join(':')),
  );
}

/** {@link mappedInodes} of the running machine. */
export function mappedIn(
  machine: GuestSystem,
  mappings: Finished,
  entries: readonly TreeEntry[],
): Set<string> {
  return mappedInodes(mappings, entries, ownDevices(machine.readText('/proc/self/mountinfo') ?? ''));
}
