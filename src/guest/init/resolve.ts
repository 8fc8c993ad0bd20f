/** Paths as they will mean something inside a root that is not the root yet. */
import type { Machine } from '../machine.js';

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
