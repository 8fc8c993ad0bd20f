/** Paths inside a root that is not the process's root yet. */
import { followLinks } from '../core/text/links.js';
import type { GuestSystem } from './system.js';

/** The path below `root` that an absolute path resolves to inside it; `undefined` if links form a loop. */
export function resolveInside(machine: GuestSystem, root: string, path: string): string | undefined {
  return followLinks(path, (link) => machine.readlink(root + link));
}

/**
 * An absolute path inside `root`, as a path from here: no link escapes `root`. If links form a loop, it is
 * the path itself, which cannot be opened.
 */
export function placeInside(machine: GuestSystem, root: string, path: string): string {
  const inside = resolveInside(machine, root, path) ?? path;
  return inside === '/' ? root : root + inside;
}
