/** Snapshots of this boot: remembered in RAM, since until the next boot nothing else shows what they hold. */
import type { SavedSnapshot } from '../../../core/snapshot.js';
import type { RunningMachine } from '../../machine.js';
import { must } from '../../must.js';

const FOLDER = '/run/mkma/snapshots';

/** All of them, in the order in which they were made. */
export function readSaved(machine: RunningMachine): SavedSnapshot[] {
  const saved: SavedSnapshot[] = [];
  for (const name of machine.list(FOLDER) ?? []) {
    const snapshot = JSON.parse(machine.readText(`${FOLDER}/${name}`) ?? 'null') as SavedSnapshot | null;
    if (snapshot !== null) saved.push(snapshot);
  }
  return saved;
}

/** Remember one, for root alone: it names files of all users. Done before its layer gets its name. */
export function remember(machine: RunningMachine, snapshot: SavedSnapshot): void {
  must(machine, ['mkdir', '--parents', '--mode=0700', FOLDER]);
  const file = `${FOLDER}/${snapshot.layer}`;
  if (!machine.write(`${file}.part`, JSON.stringify(snapshot)) || !machine.rename(`${file}.part`, file)) {
    throw new Error(`cannot write ${file}`);
  }
}
