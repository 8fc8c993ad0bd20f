/** What changed: the upper directory of an overlay compared with what is below it. */
import type { FileAttributes } from '../archive/attributes.js';
import { type FileType, sortTree, type TreeEntry } from '../archive/tree.js';
import { ancestorsOf, parentOf } from '../text/path.js';
import type { LowerView } from './lower.js';

/**
 * `metadata`: a file with the content it has below; `retyped`: another kind of file than before; `moved`: a
 * folder of below with all that is in it.
 */
export type ChangeKind = 'new' | 'changed' | 'metadata' | 'retyped' | 'deleted' | 'moved';

export interface Change {
  readonly kind: ChangeKind;
  readonly path: string;
  /** As it is now; absent if deleted. */
  readonly entry?: TreeEntry;
  /** As it was; absent if new. */
  readonly before?: FileType;
  /** Where a moved folder was. */
  readonly from?: string;
  /** The moved folder that this is a part of: unchanged content of it, or what it left where it was. */
  readonly partOf?: string;
}

/** The upper directory, as found. */
export interface Upper {
  /**
   * All but whiteouts, sorted by name, the root first; of moved folders what the view has, since the upper
   * directory has only a mark of it.
   */
  readonly entries: readonly TreeEntry[];
  readonly whiteouts: ReadonlySet<string>;
  /** Folders that hide what is below them. */
  readonly opaque: ReadonlySet<string>;
  /** Extended attributes by path. */
  readonly attributes: ReadonlyMap<string, FileAttributes['values']>;
  /** Folders with content of lower directories at another path, by path, with that path. */
  readonly moved: ReadonlyMap<string, string>;
  /** In moved folders: what the upper directory has itself, with its path in the lower directories. */
  readonly origins: ReadonlyMap<string, string>;
  /** In moved folders: paths of what the upper directory does not have itself. */
  readonly carried: ReadonlySet<string>;
  /** Other names, elsewhere, of files in moved folders, with that folder: all are saved as one file. */
  readonly otherNames: ReadonlyMap<string, string>;
  /** Files whose content is that of the file below at the same path. */
  readonly inPlace: ReadonlySet<string>;
  /** Files that are as they are below, whatever their times of change. */
  readonly same: ReadonlySet<string>;
  /** Files that are listed as the view has them: by path, as the upper directory itself has them. */
  readonly unviewed: ReadonlyMap<string, TreeEntry>;
}

/**
 * Folders whose contents are those of {@link Upper} alone: opaque, new and moved ones, and all in them.
 * `stack`: the real lower directories.
 */
export function wholeFolders(upper: Upper, stack: LowerView): Set<string> {
  const whole = new Set<string>();
  for (const { path, type } of upper.entries) {
    if (type !== 'd' || path === '.') continue;
    const alone = upper.opaque.has(path) || upper.moved.has(path) || stack.at(path)?.type !== 'd';
    if (alone || whole.has(parentOf(path))) whole.add(path);
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
    const kind = cameBack(path, upper, stack, below) ? undefined : kindOf(entry, before, upper, below);
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
  return withMoves([...sortTree([...changes, ...otherNames(unchanged, changes)])], upper, stack, below);
}

/** The changes, with what belongs to a moved folder recognised as such. */
function withMoves(changes: Change[], upper: Upper, stack: LowerView, below: LowerView): Change[] {
  if (upper.moved.size === 0) return changes;
  /** Moved since the last snapshot, by the path where each was. */
  const sources = new Map<string, string>();
  for (const [path, from] of upper.moved) {
    // One that a snapshot of this boot contains has been there since.
    if (from !== path && below.at(path) === stack.at(path)) sources.set(from, path);
  }
  const destinations = new Map([...sources].map(([from, path]) => [path, from]));
  const known = new Set(changes.map(({ path }) => path));
  for (const path of destinations.keys()) {
    const entry = known.has(path) ? undefined : upper.entries.find((one) => one.path === path);
    if (entry !== undefined) changes.push({ kind: 'moved', path, entry, before: 'd' });
  }
  return sortTree(
    changes.map((change) => {
      const { path, kind, entry } = change;
      const from = destinations.get(path);
      if (from !== undefined) return { ...change, kind: 'moved', from };
      const gone = kind === 'deleted' ? sources.get(path) : undefined;
      if (gone !== undefined) return { ...change, partOf: gone };
      const other = upper.otherNames.get(path);
      if (other !== undefined && kind === 'changed') return { ...change, partOf: other };
      const folder = ancestorsOf(path).find((above) => destinations.has(above));
      if (folder === undefined || entry === undefined) return change;
      if (upper.carried.has(path)) return { ...change, partOf: folder };
      const was = stack.at(upper.origins.get(path) ?? path);
      if (kind !== 'new' || was === undefined) return change;
      if (was.type !== entry.type) return { ...change, kind: 'retyped', before: was.type };
      const same =
        entry.type === 'd' &&
        sameFolder(
          entry,
          was,
          upper.attributes.get(path),
          stack.attributesAt(upper.origins.get(path) ?? path),
        );
      return same ? { ...change, partOf: folder } : { ...change, kind: 'changed', before: was.type };
    }),
  );
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

/**
 * Whether a path in a moved folder shows what the real lower directories have there, since the folder is
 * where it was again, and no snapshot has anything else at the path.
 */
function cameBack(
  path: string,
  { carried, origins, moved }: Upper,
  stack: LowerView,
  below: LowerView,
): boolean {
  if (!carried.has(path) || stack.at(path) === undefined || below.at(path) !== stack.at(path)) return false;
  for (let above = path; above !== '.'; ) {
    above = parentOf(above);
    const origin = origins.get(above) ?? moved.get(above);
    if (origin !== undefined) return origin === above;
  }
  return false;
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
    const { path } = entry;
    const same = sameFolder(entry, before, upper.attributes.get(path), below.attributesAt(path));
    return same ? undefined : 'changed';
  }
  // Saved before and not touched since: every change of an inode updates its change time.
  const untouched = [entry, upper.unviewed.get(entry.path) ?? entry].some(
    ({ ino, changed }) => before.ino === ino && before.changed === changed,
  );
  if (untouched || upper.same.has(entry.path)) return undefined;
  return upper.inPlace.has(entry.path) ? 'metadata' : 'changed';
}

function sameFolder(
  a: TreeEntry,
  b: TreeEntry,
  valuesOfA: FileAttributes['values'] = {},
  valuesOfB: FileAttributes['values'] = {},
): boolean {
  const same = a.mode === b.mode && a.uid === b.uid && a.gid === b.gid;
  return same && sameValues(valuesOfA, valuesOfB);
}

/** Whether attributes have the same values. */
export function sameValues(a: FileAttributes['values'], b: FileAttributes['values']): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
