/** The records of accounts and of dpkg's database in a new layer. */
import { isViewed } from '../../../core/archive/tree.js';
import type { LayerContent, SavedSnapshot } from '../../../core/overlay/snapshot.js';
import {
  belowOf,
  NO_FILE,
  ownersOf,
  RECORD_FILES,
  type RecordState,
  type Records,
  stacked,
} from '../../../core/records/records.js';
import { ancestorsOf } from '../../../core/text/path.js';
import { digestFiles, namesIn } from '../../records.js';
import type { RunningSystem } from '../../system.js';
import type { Merged } from '../merged.js';
import { FRESH } from '../view.js';
import type { Scan } from './scan.js';

/** The records of a layer with this content, on the lower directories and the snapshots of this boot. */
export function recordsOfLayer(
  machine: RunningSystem,
  scan: Scan,
  saved: readonly SavedSnapshot[],
  content: LayerContent,
): Records {
  const below = saved.reduce((state, { records }) => stacked(state, records), lowerRecords(machine, scan));
  const own = ownRecords(machine, scan.merged, content);
  const owners = ownersOf(
    [...content.tree, ...content.metadataOnly],
    content.attributes,
    stacked(below, own),
  );
  return { ...own, below: belowOf(own.files, owners, below), owners };
}

function lowerRecords(machine: RunningSystem, { stack, merged }: Scan): RecordState {
  const files: Record<string, string | null> = {};
  const found = new Map<string, string>();
  for (const path of RECORD_FILES) {
    const entry = stack.at(path);
    if (entry === undefined) files[path] = null;
    else if (entry.type !== 'f') files[path] = NO_FILE;
    else found.set(path, `${merged.below}/${path}`);
  }
  for (const [path, digest] of digestFiles(machine, found)) files[path] = digest;
  return { files, ...namesIn(machine, found) };
}

/** The files that the layer contains or deletes. */
function ownRecords(machine: RunningSystem, { root }: Merged, content: LayerContent): RecordState {
  const tree = new Map(content.tree.map((entry) => [entry.path, entry]));
  const gone = new Set(content.deletions);
  const files: Record<string, string | null> = {};
  const found = new Map<string, string>();
  for (const path of RECORD_FILES) {
    const entry = tree.get(path);
    const hidden = ancestorsOf(path).some(
      (above) => gone.has(above) || (tree.get(above)?.type ?? 'd') !== 'd',
    );
    if (entry?.type === 'f') found.set(path, `${isViewed(entry) ? root : FRESH}/${path}`);
    else if (entry !== undefined) files[path] = NO_FILE;
    else if (hidden || gone.has(path)) files[path] = null;
  }
  for (const [path, digest] of digestFiles(machine, found)) files[path] = digest;
  return { files, ...namesIn(machine, found) };
}

/**
 * Those of the files whose content may differ from the layer's, given that `changed` were written to while
 * they were read.
 */
export function staleRecords(
  machine: RunningSystem,
  merged: Merged,
  { files }: Records,
  content: LayerContent,
  changed: readonly string[],
): string[] {
  const held = Object.keys(files).filter((path) => files[path] !== null && files[path] !== NO_FILE);
  if (held.length === 0) return [];
  const now = ownRecords(machine, merged, content).files;
  return held.filter((path) => changed.includes(path) || now[path] !== files[path]);
}
