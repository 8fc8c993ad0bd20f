/** Files that programs change through memory: their times only show the first such change. */

import type { TreeEntry } from '../../../core/archive/tree.js';
import { OVERLAY } from '../../../core/contract.js';
import { MAPPED_BY_WRITERS } from '../../../core/moment/open-files.js';
import { answered } from '../../ran.js';
import type { Finished, GuestSystem } from '../../system.js';

/** The program whose output {@link mappedInodes} reads. A process may end meanwhile. */
export const MAPPINGS: readonly string[] = ['sh', '-c', `grep -sh '${MAPPED_BY_WRITERS}' /proc/[0-9]*/maps`];

/** grep(1): no line, or an unreadable file. */
const NOTHING_FOUND = [1, 2];

/** Address, permissions, offset, device, inode, and the path with newlines as `\012` (proc_pid_maps(5)). */
const LINE = /^\S+ \S+ \S+ (\S+) (\d+) *(?:\/(.*))?$/;

/**
 * Inode numbers, in decimal, of files that a program has mapped shared and writable, on one of these
 * `devices`: as listed, and those that the upper directory's `entries` have at the listed paths. In an
 * overlay, a file that was copied up keeps the number of its lower inode. Files elsewhere (the journal in
 * /run) may have the same numbers.
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

/**
 * Mount points of the overlay and of the file system of its upper directory: kernels before 6.8 list the
 * latter's device.
 */
const OURS: readonly string[] = ['/', `/${OVERLAY.root}`];

/**
 * The devices of both, in the form of the mappings: in hexadecimal, from /proc/self/mountinfo
 * (proc_pid_mountinfo(5)).
 */
export function ownDevices(mountinfo: string): Set<string> {
  const fields = mountinfo.split('\n').map((line) => line.split(' '));
  const hexadecimal = (number: string): string => Number(number).toString(16).padStart(2, '0');
  return new Set(
    fields
      .filter(
        ([, , , , point = '', ...rest]) =>
          OURS.includes(point) || rest.join(' ').includes(' - overlay mkma '),
      )
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
