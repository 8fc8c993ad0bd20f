/** Paths inside a root that is not the process's root: symbolic links are resolved inside it. */

/** The kernel's limit (path_resolution(7)). */
const MOST_LINKS = 40;

/** The target of a symbolic link, by its absolute path inside the root; `undefined` if it is not one. */
export type ReadLink = (path: string) => string | undefined;

/**
 * Resolves the links of an absolute path like a program inside the root would: an absolute target starts at
 * the root, `..` never leaves it. A link at the end of the path is followed unless `last` is `kept`. Returns
 * the path inside the root; `undefined` if links form a loop.
 */
export function followLinks(
  path: string,
  readLink: ReadLink,
  last: 'followed' | 'kept' = 'followed',
): string | undefined {
  const todo = path.split('/').filter(Boolean).reverse();
  let done: string[] = [];
  let links = 0;
  for (let part = todo.pop(); part !== undefined; part = todo.pop()) {
    if (part === '.') continue;
    if (part === '..') {
      done.pop();
      continue;
    }
    const followed = last === 'followed' || todo.length > 0;
    const target = followed ? readLink(`/${[...done, part].join('/')}`) : undefined;
    if (target === undefined) {
      done.push(part);
      continue;
    }
    if (++links > MOST_LINKS) return undefined;
    if (target.startsWith('/')) done = [];
    todo.push(...target.split('/').filter(Boolean).reverse());
  }
  return `/${done.join('/')}`;
}
