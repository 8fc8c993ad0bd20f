/** Which paths come back as they are below, and which vanish. Pure. */
import type { TreeEntry } from '../archive/tree.js';
import { ancestorsOf, isBelow } from '../text/path.js';
import type { Change } from './changes.js';

/** What is done to paths. All relative to the root. */
export interface Revert {
  /** Nothing is there below: they are removed, with all that is in them. */
  readonly remove: readonly string[];
  /** They become as they are below. Of folders the metadata alone. */
  readonly restore: readonly string[];
  /** Folders that come back with all that they contain below. */
  readonly whole: readonly string[];
  /** Those of `restore` that are another kind of file now, which is removed first. */
  readonly replace: readonly string[];
}

/** Reverts changes. `below`: what is there below. */
export function revertOf(changes: readonly Change[], below: (path: string) => TreeEntry | undefined): Revert {
  const remove: string[] = [];
  const restore: string[] = [];
  const whole: string[] = [];
  const replace: string[] = [];
  for (const { path, entry } of changes) {
    const before = below(path);
    if (before === undefined) {
      remove.push(path);
      continue;
    }
    restore.push(path);
    if (before.type === 'd' && entry?.type !== 'd') whole.push(path);
    if (entry !== undefined && entry.type !== before.type) replace.push(path);
  }
  const gone = new Set([...remove, ...replace]);
  const isCovered = (path: string): boolean => ancestorsOf(path).some((above) => gone.has(above));
  return { remove: remove.filter((path) => !isCovered(path)), restore, whole, replace };
}

/** The changes at paths and in them. */
export function changesAt(changes: readonly Change[], paths: readonly string[]): Change[] {
  return changes.filter(({ path }) => paths.some((one) => one === '.' || one === path || isBelow(path, one)));
}

/** The change of a folder above a path by which that is gone, if there is one. */
export function goneAbove(changes: readonly Change[], path: string): Change | undefined {
  const above = new Set(ancestorsOf(path));
  return changes.find(
    (change) => above.has(change.path) && change.before === 'd' && change.entry?.type !== 'd',
  );
}
