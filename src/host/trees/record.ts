/** What the tree of an output folder consists of: the next build brings it up to date from the difference. */
import { readFileSync } from 'node:fs';
import { type Owner, writeFileWhole } from '../sys/files.js';
import type { Change } from './changes.js';

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

/**
 * Where a tree of the record differs from one on other lower trees with these changes; `undefined`: unknown,
 * since the lower ones are different. `ofLower`: what a lower tree changes of those below it.
 */
export function difference(
  record: TreeRecord,
  lowers: readonly string[],
  changes: readonly Change[],
  ofLower: (id: string) => readonly Change[] | undefined,
): readonly Change[] | undefined {
  const added = lowers.slice(0, Math.max(0, lowers.length - record.lowers.length));
  if (lowers.slice(added.length).join() !== record.lowers.join()) return undefined;
  const all = new Map<string, Change>();
  for (const list of [record.changes, changes, ...added.map(ofLower)]) {
    if (list === undefined) return undefined;
    for (const change of list) if (all.get(change.path)?.extent !== 'whole') all.set(change.path, change);
  }
  return [...all.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}
