/**
 * Where images are unpacked: a root of its own with the programs, read-only, and the folder to fill. An
 * archive may contain links that lead elsewhere and names below them; GNU cpio 2.13 follows them, 2.15
 * refuses most. Here they lead nowhere.
 */

import { err, type Result } from '../../core/result.js';
import { quoteName } from '../../core/text/path.js';
import { must } from '../must.js';
import type { GuestSystem } from '../system.js';
import { JAIL } from './folders.js';

/** The folder to fill, inside the jail. */
const TARGET = '/target';

/** Limits of the jail's own file system in bytes and inodes: what escapes the target soon fails. */
const LIMITS = 'mode=0700,size=64k,nr_inodes=64';

const MAKE = `
mkdir -p "$0" && mount -t tmpfs -o ${LIMITS} jail "$0" && cd "$0" && mkdir usr target &&
ln -s usr/bin usr/sbin usr/lib usr/lib64 . && mount -o bind /usr usr && mount -o remount,bind,ro usr &&
mount -o bind "$1" target`;

/** How to run programs that unpack: their argv follows `enter`, `folder` is the path they see. */
export interface Place {
  readonly enter: readonly string[];
  readonly folder: string;
}

/**
 * Calls `work` with a place for `folder`. Returns a Problem if something was written beside it: the image is
 * not what it claims to be, and what was unpacked must not be used.
 */
export function inJail<T>(
  machine: GuestSystem,
  folder: string,
  work: (place: Place) => Result<T>,
): Result<T> {
  const made = machine.run(['sh', '-c', MAKE, JAIL, folder]);
  try {
    if (made.code !== 0) throw new Error(`cannot make ${JAIL}: ${made.stderr.trim()}`);
    const before = inventory(machine);
    const done = work({ enter: ['chroot', JAIL], folder: TARGET });
    const after = inventory(machine);
    if (before === after) return done;
    return err({
      code: 'archive-escapes',
      what: 'the archive escapes its folder',
      why: `unpacking it wrote to ${strangers(before, after)}, through links that it contains`,
      next: 'do not trust this image: build it again, or get it from a trusted source',
    });
  } finally {
    const unmount = 'umount "$0/target"; umount "$0/usr"; umount "$0"';
    machine.run(['sh', '-c', unmount, JAIL], { mayLack: true });
  }
}

/** The contents of the jail beside its mounts, one per line. */
function inventory(machine: GuestSystem): string {
  const mounts = ['(', '-path', JAIL + TARGET, '-o', '-path', `${JAIL}/usr`, ')', '-prune'];
  return must(machine, ['find', JAIL, ...mounts, '-o', '-exec', 'ls', '-ldn', '{}', '+']);
}

/** The paths, as the archive sees them, that are new or changed. */
function strangers(before: string, after: string): string {
  const known = new Set(before.split('\n'));
  const lines = after.split('\n').filter((line) => line !== '' && !known.has(line));
  const paths = lines
    .map((line) => line.slice(line.indexOf(JAIL) + JAIL.length))
    .filter((path) => path !== '');
  return paths.slice(0, 3).map(quoteName).join(', ') || '/';
}
