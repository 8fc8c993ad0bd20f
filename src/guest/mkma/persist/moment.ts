/** One moment of the machine, at which all programs but one stand still (guest/still). */
import type { Wanted } from '../../../core/moment/copies.js';
import {
  LINKS_OF_WRITERS,
  NUMBERS_OF_FILES,
  type OpenFile,
  parseOpenFiles,
} from '../../../core/moment/open-files.js';
import { memoryInfo } from '../../meminfo.js';
import { must, mustMakeFolder } from '../../must.js';
import { findHierarchy, GUARD_GROUP, OWN_GROUP } from '../../still/freezer.js';
import {
  ANSWER,
  COPIES,
  DUMP,
  DUMPED,
  LINKS,
  LISTED,
  MAPS,
  NUMBERS,
  PLAN,
  STILL,
  type StillAnswer,
  type StillPlan,
} from '../../still/plan.js';
import type { Finished, RunningSystem } from '../../system.js';
import { FRESH } from '../view.js';
import type { Taken } from './scan.js';

const PROGRAM = '/usr/lib/mkma/still.js';

/** What was found and copied at that moment. */
export interface Moment extends Omit<Extract<StillAnswer, { readonly state: 'still' }>, 'state'> {
  readonly taken: Taken;
  /** Sizes of the copies by path. */
  readonly copies: ReadonlyMap<string, number>;
  readonly open: readonly OpenFile[];
}

/** Why there is none. */
export type NoMoment = Exclude<StillAnswer, { readonly state: 'still' }>;

/** `limit`: most seconds for which programs stand still; `since`: the last look, in seconds since 1970. */
export function takeMoment(
  machine: RunningSystem,
  wanted: Wanted & Pick<StillPlan, 'limit' | 'since'>,
): Moment | NoMoment {
  prepare(machine);
  const plan: StillPlan = { ...wanted, root: FRESH, ram: memoryInfo(machine, 'MemAvailable') / RAM_SHARE };
  if (!machine.write(PLAN, JSON.stringify(plan))) throw new Error(`cannot write ${PLAN}`);
  const ended = machine.runApart(['qjs', '-m', PROGRAM]);
  removeGroups(machine);
  const text = ended.code === 0 ? machine.readText(ANSWER) : undefined;
  const why = `the program that stops others ended: exit code ${ended.code} ${ended.stderr}`.trim();
  const answer = text === undefined ? ({ state: 'moving', why } as const) : (JSON.parse(text) as StillAnswer);
  if (answer.state !== 'still') return answer;
  const read = (file: string): string => machine.readText(file) ?? '';
  const printed =
    (file: string, code = 0) =>
    (): Finished => ({ code, stdout: read(file), stderr: '' });
  const { state: _, ...facts } = answer;
  return {
    ...facts,
    taken: {
      file: LISTED,
      listing: () => read(LISTED),
      dump: printed(DUMP, Number(read(DUMPED))),
      mappings: printed(MAPS),
      until: facts.until,
    },
    copies: copiesNow(machine),
    open: parseOpenFiles(read(LINKS), read(NUMBERS)),
  };
}

/** Share of the available RAM that copies may take. */
const RAM_SHARE = 4;

/** An empty folder of copies, in a RAM file system that no other program sees. */
function prepare(machine: RunningSystem): void {
  mustMakeFolder(machine, STILL, 0o700);
  release(machine);
  must(machine, ['mount', '-t', 'tmpfs', '-o', 'mode=0700,size=100%', 'mkma-still', STILL]);
  mustMakeFolder(machine, COPIES, 0o700);
}

/** Gives the RAM back that the last moment took. */
export function release(machine: RunningSystem): void {
  if ((machine.readText('/proc/self/mountinfo') ?? '').includes(` ${STILL} `)) machine.run(['umount', STILL]);
}

function removeGroups(machine: RunningSystem): void {
  const hierarchy = findHierarchy(machine);
  if (hierarchy === undefined) return;
  machine.run(['rmdir', `${hierarchy}/${OWN_GROUP}`, `${hierarchy}/${GUARD_GROUP}`], { mayLack: true });
}

/** Those that are whole: the caller compares their sizes. */
function copiesNow(machine: RunningSystem): Map<string, number> {
  const listing = must(machine, ['find', COPIES, '-type', 'f', '-printf', '%s %P\\0']);
  return new Map(
    listing.split('\0').flatMap((record): [string, number][] => {
      const at = record.indexOf(' ');
      return at < 0 ? [] : [[record.slice(at + 1), Number(record.slice(0, at))]];
    }),
  );
}

const quoted = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(' ');
const LINKS_SCRIPT = `find /proc/[0-9]*/fd ${quoted(LINKS_OF_WRITERS)} 2>/dev/null`;
const NUMBERS_SCRIPT = `grep ${quoted(NUMBERS_OF_FILES)} /proc/[0-9]*/fdinfo`;

/** Files that programs have open for writing, as far as they show without stopping anything. */
export function openNow(machine: RunningSystem): OpenFile[] {
  const links = machine.start(['sh', '-c', LINKS_SCRIPT]);
  const { stdout: numbers } = machine.run(['sh', '-c', NUMBERS_SCRIPT]);
  return parseOpenFiles(links().stdout, numbers);
}
