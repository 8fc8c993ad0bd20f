/** What a layer of chosen changes consists of, and what is remembered of it until the next boot. */
import type { FileAttributes } from './attributes.js';
import type { Change, Upper } from './changes.js';
import { type LowerLayer, type LowerView, parentOf } from './lower.js';
import { sortByName } from './path.js';
import { sortTree, type TreeEntry } from './tree.js';

/** A layer's tree, as planArchive takes it. */
export interface LayerContent {
  /** Sorted, the root first. */
  readonly tree: readonly TreeEntry[];
  /** Sorted by path. */
  readonly attributes: readonly FileAttributes[];
  /** Sorted. */
  readonly deletions: readonly string[];
}

/**
 * The layer that holds the chosen changes and nothing else. Every folder above them is in it: as it is now where that was
 * chosen or it is new, otherwise as it is below.
 */
export function composeLayer(chosen: readonly Change[], upper: Upper, below: LowerView): LayerContent {
  const now = new Map(upper.entries.map((entry) => [entry.path, entry]));
  const tree = new Map<string, TreeEntry>();
  const attributes: FileAttributes[] = [];
  const add = (entry: TreeEntry, values: FileAttributes['values']): void => {
    tree.set(entry.path, entry);
    if (Object.keys(values).length > 0) attributes.push({ path: entry.path, values });
  };
  for (const { path, entry } of chosen) {
    if (entry !== undefined) add(entry, upper.attributes.get(path) ?? {});
  }
  for (const { path } of chosen) {
    for (let above = path; above !== '.'; ) {
      above = parentOf(above);
      if (tree.has(above)) break;
      const before = below.at(above);
      if (before?.type === 'd') add(before, below.attributesAt(above));
      else add(now.get(above) as TreeEntry, upper.attributes.get(above) ?? {});
    }
  }
  return {
    tree: sortTree([...tree.values()]),
    attributes: sortByName(attributes, ({ path }) => path),
    deletions: sortByName(
      chosen.filter(({ kind }) => kind === 'deleted').map(({ path }) => path),
      (path) => path,
    ),
  };
}

/** A snapshot of this boot, remembered until the next one. */
export interface SavedSnapshot {
  /** Name of the layer it became. */
  readonly layer: string;
  readonly id: string;
  readonly entries: readonly SavedEntry[];
  readonly deletions: readonly string[];
  /** Extended attributes of its folders. */
  readonly attributes: readonly FileAttributes[];
}

type SavedEntry = readonly [
  path: string,
  type: TreeEntry['type'],
  mode: number,
  uid: number,
  gid: number,
  mtime: number,
  ino: string,
  changed: string,
];

/** The clock of a tmpfs's times goes in steps of at most that many seconds (a tick of the kernel: HZ is 100 or more), with a reserve. */
const TICK = 0.1;

/** What to remember. `seen`: when the tree was looked at, in seconds since the epoch. */
export function saveSnapshot(
  layer: string,
  id: string,
  { tree, attributes, deletions }: LayerContent,
  seen: number,
): SavedSnapshot {
  const folders = new Set(tree.filter(({ type }) => type === 'd').map(({ path }) => path));
  return {
    layer,
    id,
    entries: tree.map(({ path, type, mode, uid, gid, mtime, ino, changed }) => [
      ...([path, type, mode, uid, gid, mtime, ino] as const),
      // What changed just before may have changed again within the same tick: it counts as changed.
      Number(changed) < seen - TICK ? changed : '',
    ]),
    deletions,
    attributes: attributes.filter(({ path }) => folders.has(path)),
  };
}

/** A snapshot as the layer that it will be from the next boot on. */
export function asLowerLayer({ entries, deletions, attributes }: SavedSnapshot): LowerLayer {
  return {
    entries: new Map(
      entries.map(([path, type, mode, uid, gid, mtime, ino, changed]) => [
        path,
        { path, type, mode, uid, gid, mtime, ino, changed, nlink: 1, size: 0, target: '', allocated: 0 },
      ]),
    ),
    whiteouts: new Set(deletions),
    opaque: new Set(),
    attributes: new Map(attributes.map(({ path, values }) => [path, values])),
  };
}
