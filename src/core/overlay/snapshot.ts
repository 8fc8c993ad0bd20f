/** The content of a layer of chosen changes, and what is remembered of it until the next boot. */
import type { FileAttributes } from '../archive/attributes.js';
import { inodeNumber, parseThese, printTree, sortTree, type TreeEntry } from '../archive/tree.js';
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

/** A snapshot of this boot, remembered until the next one. */
export interface SavedSnapshot {
  /** Name of the layer it became. */
  readonly layer: string;
  readonly id: string;
  /** When the tree was read, in seconds since the epoch. */
  readonly seen: number;
  /** All entries, in the form of {@link printTree}. */
  readonly entries: string;
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
const TICK = 0.1;

/** How a snapshot was made. */
export interface SnapshotFacts extends Pick<SavedSnapshot, 'layer' | 'id' | 'seen' | 'records'> {
  /** Inodes that may change without a change of their times, and count as changed from now on. */
  readonly unsure?: ReadonlySet<string>;
}

/** The snapshot in the form to remember. */
export function saveSnapshot(
  { tree, metadataOnly, attributes, deletions }: LayerContent,
  { unsure = new Set(), ...facts }: SnapshotFacts,
): SavedSnapshot {
  const all = [...tree, ...metadataOnly];
  const folders = new Set(tree.filter(({ type }) => type === 'd').map(({ path }) => path));
  const ofFolders = attributes.filter(({ path }) => folders.has(path));
  const sure =
    unsure.size === 0
      ? all
      : all.map((one) =>
          unsure.has(inodeNumber(one)) || unsure.has(one.ino) ? { ...one, changed: '' } : one,
        );
  return {
    ...{ ...facts, entries: printTree(sure), deletions, attributes: ofFolders },
    metadataOnly: metadataOnly.map(({ path }) => path),
  };
}

/** A snapshot in the form of the layer that it will be in later boots. */
export function asLowerLayer(snapshot: SavedSnapshot): LowerDirectory {
  const { seen, entries, deletions, attributes, metadataOnly } = snapshot;
  // What changed just before the scan may have changed again within the same tick: it counts as changed.
  const known = ({ changed }: TreeEntry): boolean => Number(changed) < seen - TICK;
  return {
    entries: new Map(
      parseThese(entries).map((entry) => [entry.path, known(entry) ? entry : { ...entry, changed: '' }]),
    ),
    whiteouts: new Set(deletions),
    opaque: new Set(),
    attributes: new Map(attributes.map(({ path, values }) => [path, values])),
    metadataOnly: new Set(metadataOnly),
  };
}
