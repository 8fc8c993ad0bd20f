/** The records of accounts and of dpkg's database in a new layer. */
import { isViewed } from '../../../core/archive/tree.js';
import type { LayerContent, SavedSnapshot } from '../../../core/overlay/snapshot.js';
import type { Database } from '../../../core/records/database.js';
import { databaseOf } from '../../../core/records/databases.js';
import { type Delta, diffOf } from '../../../core/records/delta.js';
import { isPackageList } from '../../../core/records/packages.js';
import {
  belowOf,
  NAME_FILES,
  NO_FILE,
  ownersOf,
  parseNames,
  RANGE_FILES,
  RECORD_FILES,
  type RecordState,
  type Records,
  stacked,
} from '../../../core/records/records.js';
import { ancestorsOf } from '../../../core/text/path.js';
import { digestFiles, digestOf, namesIn } from '../../records.js';
import type { RunningSystem } from '../../system.js';
import type { Merged } from '../merged.js';
import { FRESH } from '../view.js';
import type { PackageParts } from './packages.js';
import { readTexts, type Texts } from './saved.js';
import type { Scan } from './scan.js';

/** The records of a layer, and its files with several owners. */
export interface LayerRecords {
  readonly records: Records;
  /** Their content by path; `null`: deleted. */
  readonly texts: Texts;
}

/** The records of a layer with this content, on the lower directories and the snapshots of this boot. */
export function recordsOfLayer(
  machine: RunningSystem,
  scan: Scan,
  saved: readonly SavedSnapshot[],
  content: LayerContent,
  { keys, texts: composed }: { readonly keys: PackageParts['keys']; readonly texts: ComposedTexts },
): LayerRecords {
  const below = saved.reduce((state, { records }) => stacked(state, records), lowerRecords(machine, scan));
  // Digests first: staleRecords compares them again once all is packed.
  const files = ownRecords(machine, scan.merged, content, composed);
  const texts = ownTexts(machine, scan.merged, content, files, composed);
  const textBelow = textsBelow(machine, scan, saved);
  const own: Record<string, Delta> = {};
  for (const [path, text] of Object.entries(texts)) {
    if (isPackageList(path)) continue;
    const delta = diffOf(databaseOf(path) as Database, textBelow(path) ?? '', text ?? '');
    if (delta === undefined) continue;
    own[path] = withKeys(delta, keys.get(path) ?? []);
  }
  const entries = (path: string) => {
    const text = Object.hasOwn(texts, path) ? texts[path] : textBelow(path);
    return databaseOf(path)?.parse(text ?? '') ?? new Map<string, string>();
  };
  const changed = own[NAME_FILES.users]?.set ?? [];
  const users = changed.length === 0 ? new Map<string, string>() : entries(NAME_FILES.users);
  const owners = ownersOf([...content.tree, ...content.metadataOnly], content.attributes, {
    ...stacked(below, files),
    ranges: { users: entries(RANGE_FILES.users), groups: entries(RANGE_FILES.groups) },
    primary: changed.map((name) => Number(users.get(name)?.split(':')[3] ?? 0)),
  });
  const records = { ...files, below: belowOf(files.files, owners, below), owners };
  return { records: Object.keys(own).length === 0 ? records : { ...records, own }, texts };
}

/** With these records as a whole. */
function withKeys({ set = [], lists = {}, fields = {}, ...delta }: Delta, keys: readonly string[]): Delta {
  const all = [...new Set([...set, ...keys])];
  const without = <T>(parts: Readonly<Record<string, T>>): [string, T][] =>
    Object.entries(parts).filter(([key]) => !keys.includes(key));
  const [ofLists, ofFields] = [without(lists), without(fields)];
  return {
    ...(all.length === 0 ? {} : { set: all }),
    ...delta,
    ...(ofLists.length === 0 ? {} : { lists: Object.fromEntries(ofLists) }),
    ...(ofFields.length === 0 ? {} : { fields: Object.fromEntries(ofFields) }),
  };
}

/** The content of the layer's files with several owners. */
function ownTexts(
  machine: RunningSystem,
  { root }: Merged,
  content: LayerContent,
  { files }: RecordState,
  composed: ComposedTexts,
): Texts {
  const texts: Record<string, string | null> = {};
  // Of those in a deleted folder, the records know.
  const hidden = Object.keys(files).filter((path) => files[path] === null);
  for (const path of [...content.deletions, ...hidden])
    if (databaseOf(path) !== undefined) texts[path] = null;
  for (const entry of content.tree) {
    // Also what a package consists of: it may be removed later in this boot.
    const wanted = databaseOf(entry.path) !== undefined || isPackageList(entry.path);
    if (entry.type !== 'f' || !wanted) continue;
    const file = `${isViewed(entry) ? root : FRESH}/${entry.path}`;
    const text = composed.get(entry.path) ?? machine.readText(file);
    if (text !== undefined) texts[entry.path] = text;
  }
  return texts;
}

/** What such files are below: those of the latest snapshot of this boot, or of the lower directories. */
export function textsBelow(
  machine: RunningSystem,
  { stack, merged }: Scan,
  saved: readonly SavedSnapshot[],
): (path: string) => string | null {
  const all = saved.map((snapshot) => readTexts(machine, snapshot)).reverse();
  return (path) => {
    const texts = all.find((one) => Object.hasOwn(one, path));
    if (texts !== undefined) return texts[path] ?? null;
    return stack.at(path)?.type === 'f' ? (machine.readText(`${merged.below}/${path}`) ?? null) : null;
  };
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
function ownRecords(
  machine: RunningSystem,
  { root }: Merged,
  content: LayerContent,
  composed: ComposedTexts,
): RecordState {
  const tree = new Map(content.tree.map((entry) => [entry.path, entry]));
  const gone = new Set(content.deletions);
  const files: Record<string, string | null> = {};
  const found = new Map<string, string>();
  for (const path of RECORD_FILES) {
    const entry = tree.get(path);
    const hidden = ancestorsOf(path).some(
      (above) => gone.has(above) || (tree.get(above)?.type ?? 'd') !== 'd',
    );
    const text = composed.get(path);
    if (text !== undefined) files[path] = digestOf(machine, path, text);
    else if (entry?.type === 'f') found.set(path, `${isViewed(entry) ? root : FRESH}/${path}`);
    else if (entry !== undefined) files[path] = NO_FILE;
    else if (hidden || gone.has(path)) files[path] = null;
  }
  for (const [path, digest] of digestFiles(machine, found)) files[path] = digest;
  const names = (path: string) => {
    const text = composed.get(path);
    return text === undefined ? undefined : parseNames(text);
  };
  const [users, groups] = [names(NAME_FILES.users), names(NAME_FILES.groups)];
  return {
    ...{ files, ...namesIn(machine, found) },
    ...(users === undefined ? {} : { users }),
    ...(groups === undefined ? {} : { groups }),
  };
}

/** Of composed files, content by path. */
type ComposedTexts = ReadonlyMap<string, string>;

/**
 * Those of the files whose content may differ from the layer's, given that `changed` were written to while
 * they were read.
 */
export function staleRecords(
  machine: RunningSystem,
  merged: Merged,
  { records: { files, own = {} }, texts }: { readonly records: Records; readonly texts: ComposedTexts },
  content: LayerContent,
  changed: readonly string[],
): string[] {
  const held = Object.keys(files).filter((path) => files[path] !== null && files[path] !== NO_FILE);
  const others = Object.keys(own).filter((path) => !Object.hasOwn(files, path) && changed.includes(path));
  if (held.length === 0) return others;
  const now = ownRecords(machine, merged, content, texts).files;
  return [...others, ...held.filter((path) => changed.includes(path) || now[path] !== files[path])];
}
