/** Where most of a tree's bytes are. */
import { parentOf } from '../text/path.js';

/** A path with its bytes; of a folder, with everything in it. */
export interface Sized {
  readonly path: string;
  readonly bytes: number;
}

/**
 * The largest parts of a tree, each listed once: a folder is listed if nothing in it has more than half of
 * its bytes, otherwise it is searched. `sizes`: all paths, the root as `.`, which is never listed. At most
 * `count`, the largest first.
 */
export function largestParts(sizes: readonly Sized[], count: number): Sized[] {
  const most = new Map<string, number>();
  for (const { path, bytes } of sizes) {
    if (path === '.') continue;
    const parent = parentOf(path);
    most.set(parent, Math.max(most.get(parent) ?? 0, bytes));
  }
  const taken = new Set<string>();
  const parts: Sized[] = [];
  const largestFirst = sizes
    .filter(({ path, bytes }) => path !== '.' && bytes > 0 && (most.get(path) ?? 0) * 2 <= bytes)
    .sort((a, b) => b.bytes - a.bytes || a.path.length - b.path.length);
  for (const part of largestFirst) {
    if (parts.length === count) break;
    if (isUnder(part.path, taken)) continue;
    taken.add(part.path);
    parts.push(part);
  }
  return parts;
}

function isUnder(path: string, folders: ReadonlySet<string>): boolean {
  for (let above = parentOf(path); above !== '.'; above = parentOf(above)) {
    if (folders.has(above)) return true;
  }
  return false;
}
