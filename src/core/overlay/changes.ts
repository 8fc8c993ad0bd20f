/** What changed: the upper directory of an overlay compared with what is below it. */
import type { FileAttributes } from '../archive/attributes.js';
import { type FileType, sortTree, type TreeEntry } from '../archive/tree.js';
import { type LowerView, parentOf } from './lower.js';

/** `retyped`: another kind of file than before. */
export type ChangeKind = 'new' | 'changed' | 'retyped' | 'deleted';

export interface Change {
  readonly kind: ChangeKind;
  readonly path: string;
  /** As it is now; absent if deleted. */
  readonly entry?: TreeEntry;
  /** As it was; absent if new. */
  readonly before?: FileType;
}

/** The upper directory, as found. */
export interface Upper {
  /** All but whiteouts, sorted by name, the root first. */
  readonly entries: readonly TreeEntry[];
  readonly whiteouts: ReadonlySet<string>;
  /** Folders that hide what is below them. */
  readonly opaque: ReadonlySet<string>;
  /** Extended attributes by path. */
  readonly attributes: ReadonlyMap<string, FileAttributes['values']>;
}

/**
 * Folders whose contents are those of the upper directory alone: opaque ones, new ones, and all in them.
 * `stack`: the real lower directories.
 */
export function wholeFolders(upper: Upper, stack: LowerView): Set<string> {
  const whole = new Set<string>();
  for (const { path, type } of upper.entries) {
    if (type !== 'd' || path === '.') continue;
    if (upper.opaque.has(path) || whole.has(parentOf(path)) || stack.at(path)?.type !== 'd') whole.add(path);
  }
  return whole;
}

/**
 * All changes, sorted by name. `stack`: the real lower directories, of which the contents of {@link
 * wholeFolders} must be known; `below`: the same with what has been saved since, which is not a change any
 * more.
 */
export function findChanges(upper: Upper, stack: LowerView, below: LowerView): Change[] {
  const whole = wholeFolders(upper, stack);
  const here = new Set(upper.entries.map(({ path }) => path));
  const changes: Change[] = [];
  const unchanged: TreeEntry[] = [];
  const gone = (path: string): void => {
    const before = below.at(path);
    if (before !== undefined) changes.push({ kind: 'deleted', path, before: before.type });
  };
  for (const path of upper.whiteouts) gone(path);
  for (const entry of upper.entries) {
    const { path, type } = entry;
    const before = below.at(path);
    const kind = kindOf(entry, before, upper, below);
    if (kind !== undefined)
      changes.push(before === undefined ? { kind, path, entry } : { kind, path, entry, before: before.type });
    else if (type !== 'd') unchanged.push(entry);
    if (type !== 'd' || before?.type !== 'd') continue;
    for (const child of below.children(path)) {
      if (here.has(child) || upper.whiteouts.has(child)) continue;
      // What a real lower directory has in a merged folder still exists.
      if (whole.has(path) || stack.at(child) === undefined) gone(child);
    }
  }
  return sortTree([...changes, ...otherNames(unchanged, changes)]);
}

/**
 * Other names, saved before, of files that a change renames: a file moved with its folder has no time that
 * shows it. They are saved again, so that all remain names of one file.
 */
function otherNames(unchanged: readonly TreeEntry[], changes: readonly Change[]): Change[] {
  const linked = unchanged.filter(({ nlink }) => nlink > 1);
  if (linked.length === 0) return [];
  const files = new Set(
    changes.flatMap(({ entry }) => (entry === undefined || entry.type === 'd' ? [] : [entry.ino])),
  );
  return linked
    .filter(({ ino }) => files.has(ino))
    .map((entry) => ({ kind: 'changed', path: entry.path, entry, before: entry.type }));
}

function kindOf(
  entry: TreeEntry,
  before: TreeEntry | undefined,
  upper: Upper,
  below: LowerView,
): ChangeKind | undefined {
  if (before === undefined) return 'new';
  if (before.type !== entry.type) return 'retyped';
  if (entry.type === 'd') {
    const same = before.mode === entry.mode && before.uid === entry.uid && before.gid === entry.gid;
    const { path } = entry;
    return same && sameValues(upper.attributes.get(path) ?? {}, below.attributesAt(path))
      ? undefined
      : 'changed';
  }
  // Saved before and not touched since: every change of an inode updates its change time.
  return before.ino === entry.ino && before.changed === entry.changed ? undefined : 'changed';
}

function sameValues(a: FileAttributes['values'], b: FileAttributes['values']): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
