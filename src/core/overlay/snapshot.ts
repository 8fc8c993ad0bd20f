/** The content of a layer of chosen changes, and what is remembered of it until the next boot. */
import type { FileAttributes } from '../archive/attributes.js';
import { inodeNumber, parseThese, printEntry, sortTree, type TreeEntry } from '../archive/tree.js';
import type { RecordState } from '../records/records.js';
import { parentOf, sortByName } from '../text/path.js';
import type { Change, Upper } from './changes.js';
import type { LowerDirectory, LowerView } from './lower.js';

/** A layer's tree, as taken by planArchive. */
export interface LayerContent {
  /** Sorted, the root first. */
  readonly tree: readonly TreeEntry[];
  /** Files that keep the content they have below. Sorted. */
  readonly metadataOnly: readonly TreeEntry[];
  /** Sorted by path. */
  readonly attributes: readonly FileAttributes[];
  /** Sorted. */
  readonly deletions: readonly string[];
}

/**
 * The layer with the chosen changes and nothing else. Every folder above them is included: as it is now if it
 * was chosen or is new, otherwise as it is below.
 */
export function composeLayer(chosen: readonly Change[], upper: Upper, below: LowerView): LayerContent {
  const tree = new Map<string, TreeEntry>();
  const metadataOnly: TreeEntry[] = [];
  const attributes: FileAttributes[] = [];
  const add = (entry: TreeEntry, values: FileAttributes['values'] | undefined): void => {
    if (upper.inPlace.has(entry.path)) metadataOnly.push(entry);
    else tree.set(entry.path, entry);
    if (values !== undefined && Object.keys(values).length > 0) attributes.push({ path: entry.path, values });
  };
  for (const { path, entry } of chosen) {
    if (entry !== undefined) add(entry, upper.attributes.get(path));
  }
  // New folders that were not chosen: rarely is one needed.
  let folders: Map<string, TreeEntry> | undefined;
  const now = (path: string): TreeEntry => {
    folders ??= new Map(upper.entries.filter(({ type }) => type === 'd').map((entry) => [entry.path, entry]));
    return folders.get(path) as TreeEntry;
  };
  for (const { path } of chosen) {
    for (let above = path; above !== '.'; ) {
      above = parentOf(above);
      if (tree.has(above)) break;
      const before = below.at(above);
      if (before?.type === 'd') add(before, below.attributesAt(above));
      else add(now(above), upper.attributes.get(above));
    }
  }
  return {
    tree: sortTree([...tree.values()]),
    metadataOnly: sortTree(metadataOnly),
    attributes: sortByName(attributes, ({ path }) => path),
    deletions: sortByName(
      chosen.filter(({ kind }) => kind === 'deleted').map(({ path }) => path),
      (path) => path,
    ),
  };
}

/** A snapshot of this boot, remembered until the next one; its entries are kept beside it. */
export interface SavedSnapshot {
  /** Name of the layer it became. */
  readonly layer: string;
  readonly id: string;
  readonly deletions: readonly string[];
  /** Files of which it has the metadata alone. */
  readonly metadataOnly: readonly string[];
  /** Extended attributes of its folders. */
  readonly attributes: readonly FileAttributes[];
  /** Its accounts and dpkg database. */
  readonly records: RecordState;
}

/**
 * Longest step of the clock of a tmpfs in seconds (a tick of the kernel: HZ is 100 or more), with a margin.
 */
export const TICK = 0.1;

/**
 * Seconds after a look from which on a time of change is no recent one. A file in a layer that is an EROFS
 * has its time of modification as that of change, which may be in any year.
 */
const FUTURE = 3600;

/** How a snapshot was made. */
export interface SnapshotFacts extends Pick<SavedSnapshot, 'layer' | 'id' | 'records'> {
  /** When the tree was read, in seconds since the epoch. */
  readonly seen: number;
  /** Inodes that may change without a change of their times, and count as changed from now on. */
  readonly unsure?: ReadonlySet<string>;
}

/** The snapshot in the form to remember, and its entries in the form of {@link printEntry}. */
export function saveSnapshot(
  { tree, metadataOnly, attributes, deletions }: LayerContent,
  { unsure = new Set(), seen, ...facts }: SnapshotFacts,
): { readonly snapshot: SavedSnapshot; readonly entries: string } {
  const folders = new Set(tree.filter(({ type }) => type === 'd').map(({ path }) => path));
  const ofFolders = attributes.filter(({ path }) => folders.has(path));
  // What changed just before the scan may have changed again within the same tick: it counts as changed.
  const known = (entry: TreeEntry): boolean => {
    const changed = Number(entry.changed);
    const isSettled = changed < seen - TICK || changed > seen + FUTURE;
    return isSettled && !unsure.has(inodeNumber(entry)) && !unsure.has(entry.ino);
  };
  const lines = [...tree, ...metadataOnly].map((entry) =>
    printEntry(known(entry) ? entry : { ...entry, changed: '' }),
  );
  return {
    snapshot: {
      ...{ ...facts, deletions, attributes: ofFolders },
      metadataOnly: metadataOnly.map(({ path }) => path),
    },
    entries: lines.join(''),
  };
}

/** A snapshot in the form of the layer that it will be in later boots. */
export function asLowerLayer(
  snapshot: Omit<SavedSnapshot, 'layer' | 'id' | 'records'>,
  entries: string,
): LowerDirectory {
  const { deletions, attributes, metadataOnly } = snapshot;
  return {
    entries: new Map(parseThese(entries).map((entry) => [entry.path, entry])),
    whiteouts: new Set(deletions),
    opaque: new Set(),
    attributes: new Map(attributes.map(({ path, values }) => [path, values])),
    metadataOnly: new Set(metadataOnly),
  };
}
