/**
 * The entries of all snapshots of this boot in one sorted file, and its comparison with the upper directory,
 * by programs (core/overlay/known.ts). If anything is in its way, a look compares everything itself.
 */
import {
  findArguments,
  parseThese,
  printEntry,
  sortTree,
  type TreeEntry,
} from '../../../core/archive/tree.js';
import { allEntries, type Known, knownFrom, knownWith, replacedBy } from '../../../core/overlay/known.js';
import type { SavedSnapshot } from '../../../core/overlay/snapshot.js';
import type { RunningSystem } from '../../system.js';
import { FRESH } from '../view.js';
import { readEntries } from './saved.js';

const FOLDER = '/run/mkma/known';
/** The sorted entries, and what is known besides. */
const ENTRIES = 'entries';
const FACTS = `${FOLDER}/facts.json`;

/** The upper directory where it differs from what is known. */
export interface Difference {
  readonly known: Known;
  /** Entries of the upper directory that are not known, all folders, and all files with several names. */
  readonly entries: readonly TreeEntry[];
  /** Known entries that it does not have as they are, and the same folders and files as above. */
  readonly before: readonly TreeEntry[];
  /** Of these the ones that it does not have. */
  readonly gone: readonly TreeEntry[];
}

/**
 * $0 is the folder, the arguments are a program that lists the upper directory. Records of folders begin with
 * a d; of what has several names, the fifth word, the number of links, is above one.
 */
const COMPARE = `
cd "$0" && export LC_ALL=C && "$@" >listed && sort -z listed >now && rm listed &&
comm -z -23 now ${ENTRIES} >new && comm -z -13 now ${ENTRIES} >gone && comm -z -12 now ${ENTRIES} >both &&
{ grep -zaE '^(d|. [0-7]+ [0-9]+ [0-9]+ ([2-9]|[0-9]{2,}) )' both >kept || [ $? = 1 ]; } && rm now both ||
{ rm -f listed now both; exit 1; }`;

/**
 * Compares; `undefined` if these snapshots are not what is known. `listed`: a file with the listing to
 * compare; by default, the upper directory is listed.
 */
export function differenceFromKnown(
  machine: RunningSystem,
  saved: readonly SavedSnapshot[],
  listed?: string,
): Difference | undefined {
  const text = saved.length === 0 ? undefined : machine.readText(FACTS);
  if (text === undefined) return undefined;
  const known = parseKnown(text);
  if (known === undefined || !isSame(known, saved)) return undefined;
  const list = listed === undefined ? ['find', ...findArguments(FRESH)] : ['cat', listed];
  const ended = machine.run(['sh', '-c', COMPARE, FOLDER, ...list], { mayLack: true });
  if (ended.code !== 0 || ended.stderr !== '') return undefined;
  const [added, gone, kept] = ['new', 'gone', 'kept'].map((name) =>
    parseThese(machine.readText(`${FOLDER}/${name}`) ?? ''),
  ) as [TreeEntry[], TreeEntry[], TreeEntry[]];
  return { known, entries: sortTree([...added, ...kept]), before: [...gone, ...kept], gone };
}

/** `undefined` if there was no room for all of it. */
function parseKnown(text: string): Known | undefined {
  try {
    return JSON.parse(text) as Known;
  } catch {
    return undefined;
  }
}

function isSame({ ids }: Known, saved: readonly SavedSnapshot[]): boolean {
  return ids.length === saved.length && saved.every(({ id }, i) => ids[i] === id);
}

/** $0 is the folder: the records in `remove` leave the entries, those in `add` join them. */
const UPDATE = `
cd "$0" && export LC_ALL=C && sort -z -o remove remove && sort -z -o add add &&
comm -z -23 ${ENTRIES} remove | sort -z -m - add >next && mv next ${ENTRIES} && rm remove add`;

/** For a change of what is known that is not another snapshot: the next look compares everything itself. */
export function forgetKnown(machine: RunningSystem): void {
  machine.run(['rm', '-rf', FOLDER]);
}

/**
 * Adds a snapshot, given how the upper directory differed from what was known, and those that were made
 * before. Failing costs time alone.
 */
export function addToKnown(
  machine: RunningSystem,
  difference: Difference | undefined,
  before: readonly SavedSnapshot[],
  { snapshot, entries }: { readonly snapshot: SavedSnapshot; readonly entries: string },
): void {
  machine.run(['rm', '-f', FACTS]);
  if (machine.makeFolder(FOLDER) !== undefined) return;
  const put = (name: string, records: readonly string[]): boolean =>
    machine.write(`${FOLDER}/${name}`, records.join(''));
  let known: Known;
  let ready: boolean;
  if (before.length === 0) {
    known = knownFrom(snapshot);
    ready = put(ENTRIES, []) && put('remove', []) && put('add', [entries]);
  } else if (difference === undefined) {
    const all = allEntries([
      ...before.map((one) => ({ snapshot: one, entries: readEntries(machine, one) })),
      { snapshot, entries },
    ]);
    known = all.known;
    ready = put(ENTRIES, []) && put('remove', []) && put('add', all.records);
  } else {
    const own = parseThese(entries);
    const replaced = replacedBy(difference.before, snapshot, own);
    known = knownWith(difference.known, snapshot, own);
    ready = put('remove', replaced.map(printEntry)) && put('add', [entries]);
  }
  const updated = ready && machine.run(['sh', '-c', UPDATE, FOLDER]).code === 0;
  if (!updated || !machine.write(FACTS, JSON.stringify(known))) machine.run(['rm', '-rf', FOLDER]);
}
