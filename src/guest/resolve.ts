/** Paths as they will mean something inside a root that is not the root yet. */
import type { Machine } from './machine.js';

/** As many links as the kernel follows (path_resolution(7)). */
const MAX_LINKS = 40;

/**
 * Follow the symbolic links of an absolute path as a program inside `root` would: an absolute target starts at
 * `root` again, `..` never leads above it. Returns the path below `root`; `undefined` where links go round in circles.
 */
export function resolveInside(machine: Machine, root: string, path: string): string | undefined {
  const todo = path.split('/').reverse();
  let done: string[] = [];
  let links = 0;
  for (let part = todo.pop(); part !== undefined; part = todo.pop()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      done.pop();
      continue;
    }
    const target = machine.readlink([root, ...done, part].join('/'));
    if (target === undefined) {
      done.push(part);
      continue;
    }
    if (++links > MAX_LINKS) return undefined;
    if (target.startsWith('/')) done = [];
    todo.push(...target.split('/').reverse());
  }
  return `/${done.join('/')}`;
}

/**
 * What an absolute path inside `root` means, as a path from here: whatever links there are, it does not lead out of `root`.
 * Where they go round in circles it is the path itself, which nobody can open.
 */
export function placeInside(machine: Machine, root: string, path: string): string {
  const inside = resolveInside(machine, root, path) ?? path;
  return inside === '/' ? root : root + inside;
}
