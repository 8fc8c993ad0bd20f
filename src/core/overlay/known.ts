/**
 * All snapshots of this boot as one layer. A look at the changes compares the upper directory with it line by
 * line, by programs, and learns only of the entries in which they differ, of folders, and of what has several
 * names: so it takes little time, however much was saved before.
 */
import type { FileAttributes } from '../archive/attributes.js';
import { parseThese, type TreeEntry } from '../archive/tree.js';
import { ancestorsOf } from '../text/path.js';
import type { LowerDirectory } from './lower.js';
import type { SavedSnapshot } from './snapshot.js';

/** What is known of the snapshots besides their entries. */
export interface Known {
  /** Ids of the snapshots, in the order in which they were made. */
  readonly ids: readonly string[];
  readonly deletions: readonly string[];
  readonly metadataOnly: readonly string[];
  readonly attributes: readonly FileAttributes[];
}

const NOTHING_KNOWN: Known = { ids: [], deletions: [], metadataOnly: [], attributes: [] };

/** What was known, and one more snapshot with these entries (in the form of printEntry). */
export function knownWith(known: Known, snapshot: SavedSnapshot, entries: readonly TreeEntry[]): Known {
  const own = new Set(entries.map(({ path }) => path));
  const others = known.attributes.filter(({ path }) => !own.has(path));
  return {
    ids: [...known.ids, snapshot.id],
    deletions: [...new Set([...known.deletions, ...snapshot.deletions])],
    metadataOnly: [...known.metadataOnly.filter((path) => !own.has(path)), ...snapshot.metadataOnly],
    attributes: [...others, ...snapshot.attributes],
  };
}

/** The entries of before that a snapshot replaces or deletes. */
export function replacedBy(
  before: readonly TreeEntry[],
  snapshot: SavedSnapshot,
  entries: readonly TreeEntry[],
): TreeEntry[] {
  const own = new Set(entries.map(({ path }) => path));
  // A file in place of a folder deletes what that had.
  const gone = new Set([
    ...snapshot.deletions,
    ...entries.filter(({ type }) => type !== 'd').map(({ path }) => path),
  ]);
  return before.filter(
    ({ path }) => own.has(path) || gone.has(path) || ancestorsOf(path).some((above) => gone.has(above)),
  );
}

/** The snapshots as a layer, with the entries at hand. */
export function knownLayer(known: Known, entries: readonly TreeEntry[]): LowerDirectory {
  const deleted = new Set(known.deletions);
  return {
    entries: new Map(entries.map((entry) => [entry.path, entry])),
    whiteouts: deleted,
    // Deleted by one snapshot and made again by a later one: what is below stays hidden.
    opaque: new Set(
      entries.filter(({ path, type }) => type === 'd' && deleted.has(path)).map(({ path }) => path),
    ),
    attributes: new Map(known.attributes.map(({ path, values }) => [path, values])),
    metadataOnly: new Set(known.metadataOnly),
  };
}

/** What is known if this is the only snapshot. */
export function knownFrom({ id, deletions, metadataOnly, attributes }: SavedSnapshot): Known {
  return { ids: [id], deletions, metadataOnly, attributes };
}

/** The entries of all snapshots, each a record of printEntry with its NUL; `snapshots`: the oldest first. */
export function allEntries(
  snapshots: readonly { readonly snapshot: SavedSnapshot; readonly entries: string }[],
): { readonly known: Known; readonly records: string[] } {
  let known = NOTHING_KNOWN;
  const all = new Map<string, { readonly entry: TreeEntry; readonly record: string }>();
  for (const { snapshot, entries } of snapshots) {
    const own = parseThese(entries);
    const records = entries.split('\0');
    if (all.size > 0) {
      const before = [...all.values()].map(({ entry }) => entry);
      for (const { path } of replacedBy(before, snapshot, own)) all.delete(path);
    }
    for (const [i, entry] of own.entries()) all.set(entry.path, { entry, record: `${records[i]}\0` });
    known = knownWith(known, snapshot, own);
  }
  return { known, records: [...all.values()].map(({ record }) => record) };
}
