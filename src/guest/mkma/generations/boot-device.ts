/**
 * On an encrypted medium the menu is on a file system in the open, with kernel and initramfs of each
 * generation in folders of the same numbers.
 */
import { bootableBy, type Generations } from '../../../core/generations/read.js';
import { MEDIUM } from '../../../core/loader/medium-menu.js';
import { err, ok, type Problem, type Result } from '../../../core/result.js';
import { GENERATIONS, isUnfinished, numbersAmong, unfinishedName } from '../../../core/set/generations.js';
import { mustMakeFolder } from '../../must.js';
import { ask } from '../../ran.js';
import type { RunningSystem } from '../../system.js';

/** Where it is mounted: in a mount namespace of the program's own. */
const POINT = '/run/mkma/boot';
/** Its copies of generations. */
const COPIES = `${POINT}${MEDIUM.images}/${GENERATIONS}`;

/** A file system that has the menu. */
export interface MenuPlace {
  /** Where it is mounted. */
  readonly root: string;
  /** On an encrypted medium, its device, as `UUID=...`. */
  readonly bootDevice?: string;
}

/**
 * Does the work with the file system of the menu mounted. `storage`: where the one with the images is; it has
 * the menu itself, unless it says otherwise.
 */
export function withMenu<T>(
  machine: RunningSystem,
  storage: string,
  work: (place: MenuPlace) => Result<T>,
): Result<T> {
  const bootDevice = machine.readText(storage + MEDIUM.bootDevice)?.trim();
  if (bootDevice === undefined) return work({ root: storage });
  const node = nodeOf(machine, bootDevice);
  if (!node.ok) return node;
  mustMakeFolder(machine, POINT, 0o700);
  const options = ['--types', 'ext4', '--options', 'nosuid,nodev,noexec'];
  const mounted = machine.run(['mount', '--rw', ...options, node.value, POINT]);
  if (mounted.code !== 0) return err(unreachable(bootDevice, mounted.stderr.trim()));
  try {
    return work({ root: POINT, bootDevice });
  } finally {
    if (machine.run(['umount', POINT]).code !== 0) machine.run(['umount', '--lazy', POINT]);
  }
}

/** findfs(8): no such file system. */
const NONE = 1;

function nodeOf(machine: RunningSystem, bootDevice: string): Result<string> {
  const found = ask(machine, ['findfs', bootDevice], [NONE]);
  return found.code === 0
    ? ok(found.stdout.trim())
    : err(unreachable(bootDevice, 'this machine has no such device'));
}

/** On an encrypted medium, generations without a kernel there cannot be booted. */
export function bootable(machine: RunningSystem, generations: Generations, place: MenuPlace): Generations {
  if (place.bootDevice === undefined) return generations;
  const there = numbersAmong(machine.list(COPIES) ?? []);
  return bootableBy(generations, there);
}

/** Removes the kernel of a generation that the menu no longer names, and what killed runs left. */
export function dropCopies(machine: RunningSystem, place: MenuPlace, number: number): Result<void> {
  if (place.bootDevice === undefined) return ok();
  const names = machine.list(COPIES) ?? [];
  const gone = names.filter(isUnfinished).map((name) => `${COPIES}/${name}`);
  const own = `${COPIES}/${unfinishedName(number)}`;
  const steps = [
    ...(gone.length === 0 ? [] : [['rm', '-rf', '--', ...gone]]),
    ...(names.includes(String(number))
      ? [
          ['mv', '-T', '--', `${COPIES}/${number}`, own],
          ['sync', '--', COPIES],
          ['rm', '-rf', '--', own],
        ]
      : []),
  ];
  for (const argv of steps) {
    const done = machine.run(argv);
    if (done.code !== 0) return err(unreachable(place.bootDevice, done.stderr.trim()));
  }
  return ok();
}

function unreachable(where: string, why: string): Problem {
  return {
    code: 'entries-not-updated',
    what: 'the boot loader entries were not updated',
    where,
    why,
    next: 'attach the medium that this machine was booted from, and see dmesg',
  };
}
