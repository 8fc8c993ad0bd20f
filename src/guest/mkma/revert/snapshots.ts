/** Snapshots of this boot, whose contents are on the medium alone, compressed. */
import { parseThese, printEntry } from '../../../core/archive/tree.js';
import type { BootRecord } from '../../../core/boot/record.js';
import { layersToRead } from '../../../core/layers/merge/range.js';
import type { SavedSnapshot } from '../../../core/overlay/snapshot.js';
import { err, type Result } from '../../../core/result.js';
import { isWithin } from '../../../core/text/path.js';
import type { RunningSystem } from '../../system.js';
import { find } from '../directory.js';
import { openImages, withImages } from '../images-folder.js';
import { type Source, withSources } from '../layers/merge/sources.js';
import { forgetKnown } from '../persist/known.js';
import { readEntries, writeEntries } from '../persist/saved.js';
import { carriers } from '../replaced.js';
import { FRESH } from '../view.js';
import type { Plan } from './plan.js';

/**
 * Calls `work` with the snapshots, the lowest first, if any of them has to do with what comes back: the
 * storage is mounted read-only meanwhile.
 */
export function withSnapshots<T>(
  machine: RunningSystem,
  record: BootRecord,
  saved: readonly SavedSnapshot[],
  plan: Plan,
  work: (snapshots: readonly Source[]) => Result<T>,
): Result<T> {
  const all = [...plan.restore, ...plan.whole];
  const own = new Set(all);
  const concerns = (path: string): boolean => own.has(path) || plan.whole.some((one) => isWithin(path, one));
  const needed = saved.some(
    (snapshot) =>
      snapshot.deletions.some(concerns) ||
      parseThese(readEntries(machine, snapshot)).some(({ path }) => concerns(path)),
  );
  if (!needed) return work([]);
  return withImages(machine, record, 'read', (folder) => {
    const stored = openImages(machine, record, folder);
    if (!stored.ok) return stored;
    const carrier = carriers(machine, stored.value.layers);
    const found = saved.map(({ id }) => carrier(id));
    const lost = saved.find((_, i) => found[i] === undefined);
    if (lost !== undefined) {
      return err({
        code: 'storage-changed',
        what: 'a snapshot of this boot is missing on the medium',
        where: lost.layer,
        why: 'what comes back is in it',
        next: 'attach the medium that has it, and retry; nothing was reverted',
      });
    }
    const layers = layersToRead([...new Set(found)].flatMap((one) => (one === undefined ? [] : [one])));
    return layers.ok ? withSources(machine, folder, layers.value, work) : layers;
  });
}

/**
 * Files that are as a snapshot has them are no changes, although they are other files than those that were
 * saved.
 */
export function rememberAsSaved(
  machine: RunningSystem,
  saved: readonly SavedSnapshot[],
  restored: readonly string[],
): void {
  if (saved.length === 0) return;
  const wanted = new Set(restored);
  // What is written from now on has another time of change.
  machine.sleep(TICKS);
  const now = new Map(find(machine, FRESH, restored, 'themselves').map((entry) => [entry.path, entry]));
  const done = new Set<string>();
  for (const snapshot of [...saved].reverse()) {
    const before = readEntries(machine, snapshot);
    let changed = false;
    const entries = parseThese(before).map((entry) => {
      const there = now.get(entry.path);
      if (entry.type === 'd' || !wanted.has(entry.path) || done.has(entry.path) || there === undefined)
        return entry;
      done.add(entry.path);
      changed = true;
      return {
        ...entry,
        ino: there.ino,
        fileSystem: there.fileSystem,
        changed: there.changed,
        nlink: there.nlink,
      };
    });
    if (changed) writeEntries(machine, snapshot, entries.map(printEntry).join(''));
    for (const path of snapshot.deletions) done.add(path);
  }
  forgetKnown(machine);
}

/** Milliseconds: longer than a step of the clock of a tmpfs. */
const TICKS = 100;
