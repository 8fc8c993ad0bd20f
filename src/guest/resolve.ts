/** Paths as they will mean something inside a root that is not the root yet. */
import { followLinks } from '../core/text/links.js';
import type { GuestSystem } from './system.js';

/** The path below `root` that an absolute path comes to for a program in there; `undefined` where links go round in circles. */
export function resolveInside(machine: GuestSystem, root: string, path: string): string | undefined {
  return followLinks(path, (link) => machine.readlink(root + link));
}

/**
 * What an absolute path inside `root` means, as a path from here: whatever links there are, it does not lead out of `root`.
 * Where they go round in circles it is the path itself, which nobody can open.
 */
export function placeInside(machine: GuestSystem, root: string, path: string): string {
  const inside = resolveInside(machine, root, path) ?? path;
  return inside === '/' ? root : root + inside;
}
