/** Paths as they mean something inside a root that is not the root: symbolic links are followed in there. */

/** As many links as the kernel follows (path_resolution(7)). */
const MOST_LINKS = 40;

/** Where a symbolic link points, by its absolute path inside the root; `undefined` where there is none. */
export type ReadLink = (path: string) => string | undefined;

/**
 * Follow the links of an absolute path as a program inside the root would: an absolute target starts at the root again, `..` never leads
 * above it. A link that the path ends in is followed unless `last` is kept. Returns the path inside the root; `undefined` where links go
 * round in circles.
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
