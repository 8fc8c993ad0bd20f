/** Files that were copied up, or written again, and are as they are below. */
import type { TreeEntry } from '../../../core/archive/tree.js';
import { isViewed } from '../../../core/archive/tree.js';
import { sameValues, type Upper } from '../../../core/overlay/changes.js';
import type { LowerView } from '../../../core/overlay/lower.js';
import { databaseOf } from '../../../core/records/databases.js';
import { INFO } from '../../../core/records/packages.js';
import type { RunningSystem } from '../../system.js';
import { digestsIn } from '../digests.js';
import { attributesInView, dumpOf, find, sortAttributes } from '../directory.js';
import type { Merged } from '../merged.js';
import { FRESH } from '../view.js';

/**
 * Paths of files and links with the content, metadata and time of what lies below. Only files of equal size
 * and time are read. `stack`: the lower directories that are mounted; `below`: the same with the snapshots of
 * this boot, whose content is not at hand.
 */
export function equalFiles(
  machine: RunningSystem,
  { below: folder, isMounted }: Merged,
  upper: Upper,
  stack: LowerView,
  below: LowerView,
): Set<string> {
  const candidates = upper.entries.filter((entry) => {
    const before = below.at(entry.path);
    const known = before !== undefined && before === stack.at(entry.path) && !isViewed(entry);
    return known && isAlike(entry, before);
  });
  if (candidates.length === 0) return new Set();
  const paths = candidates.map(({ path }) => path);
  const dump = dumpOf(machine, folder, paths);
  const attributes = isMounted ? attributesInView(dump) : sortAttributes(dump).attributes;
  const alike = candidates.filter(({ path }) =>
    sameValues(upper.attributes.get(path) ?? {}, attributes.get(path) ?? {}),
  );
  const files = alike.filter(({ path, type, size }) => type === 'f' && size > 0 && !upper.inPlace.has(path));
  const read = files.map(({ path }) => path);
  const [here, there] = [digestsIn(machine, FRESH, read), digestsIn(machine, folder, read)];
  // What was read may be of later than what was listed.
  const now = new Map(find(machine, FRESH, read, 'themselves').map((entry) => [entry.path, entry]));
  const isAsListed = ({ path, ino, changed }: TreeEntry): boolean =>
    now.get(path)?.ino === ino && now.get(path)?.changed === changed;
  const differing = new Set(
    files
      .filter((file) => {
        const digest = here.get(file.path);
        return digest === undefined || digest !== there.get(file.path) || !isAsListed(file);
      })
      .map(({ path }) => path),
  );
  return new Set(alike.map(({ path }) => path).filter((path) => !differing.has(path)));
}

/** Whether all but the content is equal. Of several names, each would have to be. */
function isAlike(a: TreeEntry, b: TreeEntry): boolean {
  if (a.type !== b.type || a.uid !== b.uid || a.gid !== b.gid || a.nlink !== 1 || b.nlink !== 1) return false;
  if (a.type === 'l') return a.target === b.target;
  if (a.type !== 'f' || a.mode !== b.mode || a.size !== b.size) return false;
  return a.mtime === b.mtime || hasNoTime(a.path);
}

/** Whether programs write the file again and again, and nothing depends on when. */
function hasNoTime(path: string): boolean {
  return path.startsWith(`${INFO}/`) || databaseOf(path) !== undefined;
}
