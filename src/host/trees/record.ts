/** What the tree of an output folder consists of: the next build brings it up to date from the difference. */
import { readFileSync } from 'node:fs';
import { sortByName } from '../../core/text/path.js';
import { type Owner, writeFileWhole } from '../sys/files.js';
import type { Change } from './changes.js';
import type { LowerTree } from './lower.js';

export interface TreeRecord {
  /** Of the tree that this describes; for another one it says nothing. */
  readonly fingerprint: string;
  /** Ids of the lower trees, the topmost first. */
  readonly lowers: readonly string[];
  /** Where the tree differs from them. */
  readonly changes: readonly Change[];
}

const VERSION = 1;

/** The record in the file; `undefined` if there is none that this mkma understands. */
export function readTreeRecord(file: string): TreeRecord | undefined {
  try {
    const { version, ...record } = JSON.parse(readFileSync(file, 'utf8')) as TreeRecord & { version: number };
    return version === VERSION ? record : undefined;
  } catch {
    return undefined;
  }
}

export function writeTreeRecord(file: string, record: TreeRecord, owner: Owner | undefined): void {
  writeFileWhole(file, `${JSON.stringify({ version: VERSION, ...record })}\n`, owner);
}

/** The trees on top of those of the record; `undefined`: the ones below are others. */
export function addedLowers(
  record: TreeRecord,
  lowers: readonly LowerTree[],
): readonly LowerTree[] | undefined {
  const count = lowers.length - record.lowers.length;
  const below = lowers.slice(Math.max(0, count)).map(({ id }) => id);
  return count >= 0 && below.join() === record.lowers.join() ? lowers.slice(0, count) : undefined;
}

/** Everything that differs between trees of which each list describes a part of the way. */
export function joined(lists: readonly (readonly Change[])[]): readonly Change[] {
  const all = new Map<string, Change>();
  for (const change of lists.flat())
    if (all.get(change.path)?.extent !== 'whole') all.set(change.path, change);
  return sortByName([...all.values()], ({ path }) => path);
}
