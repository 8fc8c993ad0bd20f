/** Snapshots of this boot: kept in RAM, since until the next boot nothing else records what they contain. */
import type { SavedSnapshot } from '../../../core/overlay/snapshot.js';
import { NoRoom } from '../../no-room.js';
import type { RunningSystem } from '../../system.js';

const PART = '.part';
const FOLDER = '/run/mkma/snapshots';
/** Their entries, in files of the same names: most looks at the changes do not need them. */
const ENTRIES = '/run/mkma/entries';
/** Their files with several owners, likewise. */
const TEXTS = '/run/mkma/records';

/** The content of files by path; `null`: deleted. */
export type Texts = Readonly<Record<string, string | null>>;

/** All of them, in the order in which they were made. */
export function readSaved(machine: RunningSystem): SavedSnapshot[] {
  const saved: SavedSnapshot[] = [];
  for (const name of machine.list(FOLDER) ?? []) {
    // An incomplete one was never saved.
    if (name.endsWith(PART)) continue;
    const text = machine.readText(`${FOLDER}/${name}`);
    if (text !== undefined) saved.push(JSON.parse(text) as SavedSnapshot);
  }
  return saved;
}

/** The entries of a snapshot, in the form of printEntry. */
export function readEntries(machine: RunningSystem, { layer }: SavedSnapshot): string {
  const text = machine.readText(`${ENTRIES}/${layer}`);
  if (text === undefined) throw new Error(`cannot read ${ENTRIES}/${layer}`);
  return text;
}

/** Other entries of a snapshot: its files are others by now, as it has them. */
export function writeEntries(machine: RunningSystem, { layer }: SavedSnapshot, entries: string): void {
  const file = `${ENTRIES}/${layer}`;
  if (!machine.write(file + PART, entries) || !machine.rename(file + PART, file)) throw new NoRoom('/run');
}

/** The files with several owners of a snapshot. */
export function readTexts(machine: RunningSystem, { layer }: Pick<SavedSnapshot, 'layer'>): Texts {
  return JSON.parse(machine.readText(`${TEXTS}/${layer}`) ?? '{}') as Texts;
}

/** Records one, readable by root only: it names files of all users. Done before its layer gets its name. */
export function remember(
  machine: RunningSystem,
  snapshot: SavedSnapshot,
  { entries, texts }: { readonly entries: string; readonly texts: Texts },
): void {
  for (const folder of [FOLDER, ENTRIES, TEXTS]) {
    if (machine.makeFolder(folder) !== undefined) throw new NoRoom('/run');
  }
  if (!machine.write(`${ENTRIES}/${snapshot.layer}`, entries)) throw new NoRoom('/run');
  if (Object.keys(texts).length > 0 && !machine.write(`${TEXTS}/${snapshot.layer}`, JSON.stringify(texts))) {
    throw new NoRoom('/run');
  }
  const file = `${FOLDER}/${snapshot.layer}`;
  if (!machine.write(file + PART, JSON.stringify(snapshot)) || !machine.rename(file + PART, file)) {
    throw new NoRoom('/run');
  }
}
