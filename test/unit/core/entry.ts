/** Entries of trees for tests. */

import type { TreeEntry } from '../../../src/core/archive/tree.js';
import type { LowerDirectory } from '../../../src/core/overlay/lower.js';
import { parentOf } from '../../../src/core/text/path.js';

let inodes = 0;

/** `entry('etc/')` is a folder, `entry('etc/x')` a file. */
export function entry(path: string, facts: Partial<TreeEntry> = {}): TreeEntry {
  const folder = path.endsWith('/') || path === '.';
  return {
    path: folder && path !== '.' ? path.slice(0, -1) : path,
    type: folder ? 'd' : 'f',
    mode: folder ? 0o755 : 0o644,
    ...{
      uid: 0,
      gid: 0,
      nlink: 1,
      fileSystem: '30',
      ino: String(++inodes),
      size: folder ? 0 : 10,
      mtime: 1,
      target: '',
    },
    ...{ changed: '1.5', allocated: 4096 },
    ...facts,
  };
}

/** Entries with all folders above them, the root first. */
export function tree(...entries: readonly (string | TreeEntry)[]): TreeEntry[] {
  const found = new Map<string, TreeEntry>([['.', entry('.')]]);
  for (const item of entries) {
    const given = typeof item === 'string' ? entry(item) : item;
    for (let above = parentOf(given.path); above !== '.'; above = parentOf(above)) {
      if (!found.has(above)) found.set(above, entry(`${above}/`));
    }
    found.set(given.path, given);
  }
  return [...found.values()].sort((a, b) =>
    a.path === '.' ? -1 : b.path === '.' ? 1 : a.path < b.path ? -1 : 1,
  );
}

export interface LayerSketch {
  readonly entries?: readonly (string | TreeEntry)[];
  readonly whiteouts?: readonly string[];
  readonly opaque?: readonly string[];
}

export function lowerLayer({ entries = [], whiteouts = [], opaque = [] }: LayerSketch): LowerDirectory {
  return {
    entries: new Map(tree(...entries).map((one) => [one.path, one])),
    whiteouts: new Set(whiteouts),
    opaque: new Set(opaque),
    attributes: new Map(),
  };
}
