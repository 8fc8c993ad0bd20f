/** What comes back: as it is below, with the snapshots of this boot. */
import type { TreeEntry } from '../../../core/archive/tree.js';
import { type MergedEntry, type MergedTree, mergeTrees } from '../../../core/layers/merge/tree.js';
import type { Change } from '../../../core/overlay/changes.js';
import { encodeName, isWithin } from '../../../core/text/path.js';
import type { RunningSystem } from '../../system.js';
import { find } from '../directory.js';
import type { ContentSource } from '../layers/merge/feed.js';
import type { Source } from '../layers/merge/sources.js';
import type { Merged } from '../merged.js';
import type { Scan } from '../persist/scan.js';
import type { Made } from './choose.js';
import { lowerSource } from './lower.js';
import type { Plan } from './plan.js';

/**
 * With other names, which are as they were, of files that come back: all of them are to be names of one file
 * again. Only if there are some, all that is below is searched for them: few files have several names.
 */
export function withOtherNames(
  machine: RunningSystem,
  { merged: { below, root }, stack, below: seen }: Scan,
  changes: readonly Change[],
  plan: Plan,
): Plan {
  const key = ({ fileSystem, ino }: TreeEntry): string => `${fileSystem}:${ino}`;
  const inside = plan.whole.length === 0 ? [] : find(machine, below, plan.whole, 'everything');
  const own = find(machine, below, plan.restore, 'themselves').concat(inside);
  // What a snapshot has instead is another file.
  const isLower = (path: string): boolean => seen.at(path) === stack.at(path);
  const linked = own.filter(({ path, type, nlink }) => type !== 'd' && nlink > 1 && isLower(path));
  if (linked.length === 0) return plan;
  const known = new Set([...own, ...changes].map(({ path }) => path));
  const wanted = new Set(linked.map(key));
  const others = find(machine, below, ['.'], 'linked')
    .filter((entry) => wanted.has(key(entry)) && !known.has(entry.path))
    .map(({ path }) => path);
  // Not those in folders that are gone, or that somebody else's file hides.
  const there = find(machine, root, others, 'themselves').filter(({ type }) => type !== 'd');
  return { ...plan, restore: [...plan.restore, ...there.map(({ path }) => path)] };
}

/** All that comes back, as below with the snapshots of this boot. */
export function wantedTree(
  machine: RunningSystem,
  merged: Merged,
  plan: Plan,
  snapshots: readonly Source[],
  made: Made,
): {
  readonly tree: MergedTree;
  readonly sources: readonly ContentSource[];
  readonly texts: ReadonlyMap<string, string>;
} {
  const lower = lowerSource(machine, merged, plan.restore, plan.whole);
  const sources = [lower, ...snapshots];
  const all = mergeTrees(
    sources.map(({ tree }) => tree),
    () => true,
  );
  const own = new Set(plan.restore);
  const isWanted = (path: string): boolean => own.has(path) || plan.whole.some((one) => isWithin(path, one));
  const others = made.entries.map((entry) => toMerged(entry, made.texts));
  const replaced = new Set(others.map(({ path }) => path));
  const entries = all.entries.filter(({ path }) => isWanted(path) && !replaced.has(path));
  const attributes = all.attributes.filter(({ path }) => isWanted(path) && !replaced.has(path));
  const names = new Map<string, number>();
  for (const { inode } of entries) names.set(inode, (names.get(inode) ?? 0) + 1);
  const counted = entries.map((entry) =>
    entry.type === 'd' ? entry : { ...entry, nlink: names.get(entry.inode) ?? 1 },
  );
  return { tree: { ...all, entries: [...counted, ...others], attributes }, sources, texts: made.texts };
}

function toMerged(entry: TreeEntry, texts: ReadonlyMap<string, string>): MergedEntry {
  const { path, type, mode, uid, gid, mtime, target } = entry;
  const size = encodeName(texts.get(path) ?? '').length;
  const facts = { path, type, mode, uid, gid, mtime, size, target, nlink: 1, ino: 0, at: 0 };
  return { ...facts, source: 0, inode: `made:${path}` };
}
