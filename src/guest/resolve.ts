/** Paths inside a root that is not the process's root yet. */
import { followLinks } from '../core/text/links.js';
import type { Machine } from './machine.js';

/** The path below `root` that an absolute path resolves to inside it; `undefined` if links form a loop. */
export function resolveInside(machine: Machine, root: string, path: string): string | undefined {
  return followLinks(path, (link) => machine.readlink(root + link));
}

/**
 * An absolute path inside `root`, as a path from here: no link escapes `root`. If links form a loop, it is
 * the path itself, which cannot be opened.
 */
export function placeInside(machine: Machine, root: string, path: string): string {
  const inside = resolveInside(machine, root, path) ?? path;
  return inside === '/' ? root : root + inside;
}
