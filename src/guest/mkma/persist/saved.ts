/** Snapshots of this boot: kept in RAM, since until the next boot nothing else records what they contain. */
import type { SavedSnapshot } from '../../../core/overlay/snapshot.js';
import { NoRoom } from '../../no-room.js';
import type { RunningSystem } from '../../system.js';

const PART = '.part';
const FOLDER = '/run/mkma/snapshots';

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

/** Records one, readable by root only: it names files of all users. Done before its layer gets its name. */
export function remember(machine: RunningSystem, snapshot: SavedSnapshot): void {
  if (machine.makeFolder(FOLDER) !== undefined) throw new NoRoom('/run');
  const file = `${FOLDER}/${snapshot.layer}`;
  if (!machine.write(file + PART, JSON.stringify(snapshot)) || !machine.rename(file + PART, file)) {
    throw new NoRoom('/run');
  }
}
