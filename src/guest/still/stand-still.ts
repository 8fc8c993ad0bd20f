/**
 * One moment of the machine: programs stand still while the upper directory is listed, and what may change at
 * any time is copied. Only RAM file systems and /proc are read meanwhile: programs that serve others (FUSE,
 * NFS) stand still as well.
 */
import { DUMP_ARGUMENTS } from '../../core/archive/attributes.js';
import { findArguments } from '../../core/archive/tree.js';
import { chooseCopies } from '../../core/moment/copies.js';
import { LINKS_OF_WRITERS, MAPPED_BY_WRITERS, NUMBERS_OF_FILES } from '../../core/moment/open-files.js';
import type { GuestSystem } from '../system.js';
import {
  enterGroup,
  findHierarchy,
  freeProcesses,
  freeze,
  groupsToFreeze,
  notFrozen,
  OWN_GROUP,
  thaw,
} from './freezer.js';
import { COPIES, STILL, type StillAnswer, type StillPlan } from './plan.js';

/** What the program needs beside the machine. */
export interface Around {
  /** Milliseconds since the epoch. */
  now(): number;
  /**
   * Starts a program that lets these groups go on once this one has ended, or after so many seconds; the
   * returned function ends it. `undefined` if it did not start.
   */
  guard(groups: readonly string[], seconds: number, hierarchy: string): (() => void) | undefined;
}

/** Share of the limit within which all groups stand still, and of what is left then for copying. */
const TO_STOP = 0.3;
const TO_COPY = 0.5;
/** Seconds of copying that files may take that only might change. */
const IDLE = 0.25;

/** Does it. The folder of copies is empty. */
export function standStill(machine: GuestSystem, plan: StillPlan, around: Around): StillAnswer {
  const hierarchy = findHierarchy(machine);
  if (hierarchy === undefined)
    return { state: 'impossible', why: 'control groups of version 2 are not mounted' };
  if (!enterGroup(machine, hierarchy, OWN_GROUP)) {
    return { state: 'impossible', why: `${hierarchy} cannot be written` };
  }
  const started = around.now();
  // As if it were the moment: how long that takes, and what it reads is in the processor's cache.
  lookAround(machine, plan);
  const look = (around.now() - started) / 1000;
  if (look > plan.limit * TO_COPY) {
    return {
      state: 'moving',
      why: `a look at all changes takes ${look.toFixed(1)} s, too long for the limit`,
    };
  }
  const speed = copyingSpeed(machine, around);
  const room = Math.min(plan.limit * TO_COPY * speed, plan.ram);
  if (plan.must.length > 0 && plan.must.every(({ bytes }) => bytes > room)) return { state: 'large' };
  const groups = groupsToFreeze(machine, hierarchy);
  const release = around.guard(groups, plan.limit, hierarchy);
  if (release === undefined)
    return { state: 'impossible', why: 'the program that would let others go on did not start' };
  const from = around.now();
  const passed = (): number => (around.now() - from) / 1000;
  try {
    if (!freeze(machine, groups)) return { state: 'impossible', why: 'the kernel refused to stop programs' };
    for (let running = notFrozen(machine, groups); running.length > 0; running = notFrozen(machine, groups)) {
      if (passed() > plan.limit * TO_STOP)
        return { state: 'moving', why: `${namesOf(running)} did not stop` };
      machine.sleep(1);
    }
    if (!lookAround(machine, plan)) return { state: 'moving', why: 'files vanished while they were listed' };
    const seconds = Math.max(0, plan.limit - passed()) * TO_COPY;
    const most = Math.min(seconds * speed, plan.ram);
    const copies = chooseCopies(plan, changedSince(machine), { most, idle: Math.min(IDLE, seconds) * speed });
    copy(machine, plan, copies.paths);
    const until = around.now() / 1000;
    const free = freeProcesses(machine, hierarchy);
    const late = passed() >= plan.limit || groups.some((group) => isThawed(machine, group));
    if (late) return { state: 'moving', why: 'copying took longer than the limit' };
    return { state: 'still', seconds: passed(), until, left: copies.left, free };
  } finally {
    thaw(machine, groups);
    release();
  }
}

const quoted = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(' ');

/** $0 is the folder, $1 the one to list, $2 a time, $3 a format, both for find. */
const LOOK = `
export LC_ALL=C; root=$1 since=$2 format=$3; cd "$0"
find "$root" -xdev -printf "$format" , -type f -newerct "$since" -fprintf recent '%b %P\\0' >listed & a=$!
{ cd "$root" && getfattr ${quoted(DUMP_ARGUMENTS)} >"$0/dump"; } & b=$!
grep -sh '${MAPPED_BY_WRITERS}' /proc/[0-9]*/maps >maps
find /proc/[0-9]*/fd ${quoted(LINKS_OF_WRITERS)} >links 2>/dev/null
grep ${quoted(NUMBERS_OF_FILES)} /proc/[0-9]*/fdinfo >numbers
wait $b; echo $? >dumped; wait $a`;

function lookAround(machine: GuestSystem, { root, since }: StillPlan): boolean {
  const format = findArguments(root).at(-1) as string;
  return machine.run(['sh', '-c', LOOK, STILL, root, `@${since}`, format]).code === 0;
}

/** Bytes of a block in the output of find(1) (%b). */
const BLOCK = 512;

/** Files that have changed since the look before, and the bytes that each takes. */
function changedSince(machine: GuestSystem): Map<string, number> {
  const records = (machine.readText(`${STILL}/recent`) ?? '').split('\0').filter(Boolean);
  return new Map(
    records.map((record) => {
      const at = record.indexOf(' ');
      return [record.slice(at + 1), Number(record.slice(0, at)) * BLOCK];
    }),
  );
}

const COPY = [
  'cp',
  '--parents',
  '--no-dereference',
  '--preserve=links',
  '--sparse=auto',
  '--target-directory',
  COPIES,
];

/** Copies what there is of these. A file that has gone has no copy. */
function copy(machine: GuestSystem, { root }: StillPlan, paths: readonly string[]): void {
  if (paths.length === 0) return;
  const input = paths.map((path) => `${path}\0`).join('');
  machine.run(['xargs', '--null', ...COPY, '--'], { cwd: root, input });
}

/** Bytes that are copied in RAM to measure how fast that is. */
const PROBE = 16 * 2 ** 20;

/** Bytes per second. */
function copyingSpeed(machine: GuestSystem, { now }: Around): number {
  const [from, to] = [`${STILL}/probe`, `${STILL}/probe.copy`];
  machine.run(['dd', 'if=/dev/zero', `of=${from}`, 'bs=1M', `count=${PROBE / 2 ** 20}`, 'status=none']);
  const start = now();
  machine.run(['cp', '--sparse=never', from, to]);
  const taken = Math.max(1, now() - start);
  machine.run(['rm', '-f', from, to]);
  return (PROBE / taken) * 1000;
}

function isThawed(machine: GuestSystem, group: string): boolean {
  return machine.readText(`${group}/cgroup.freeze`)?.trim() === '0';
}

function namesOf(groups: readonly string[]): string {
  return groups.map((group) => group.slice(group.lastIndexOf('/') + 1)).join(', ');
}
