/** Which files are copied while programs stand still. */

/** A file that may be copied. */
export interface Candidate {
  /** Relative to the upper directory. */
  readonly path: string;
  readonly bytes: number;
}

export interface Wanted {
  /** Files that change at any time. */
  readonly must: readonly Candidate[];
  /** Those that have changed lately, the latest first: likely to change again. */
  readonly may: readonly Candidate[];
}

/** Most bytes to copy: of all files, and of those that may wait. */
interface Bounds {
  readonly most: number;
  readonly idle: number;
}

interface Copies {
  readonly paths: readonly string[];
  /** Of those that change at any time, the ones for which there is no room. */
  readonly left: readonly string[];
}

/** `grown`: sizes by path of what has changed since the others were found. */
export function chooseCopies(
  { must, may }: Wanted,
  grown: ReadonlyMap<string, number>,
  { most, idle }: Bounds,
): Copies {
  const sizeOf = ({ path, bytes }: Candidate): number => grown.get(path) ?? bytes;
  const paths = new Set<string>();
  const left: string[] = [];
  let total = 0;
  // As many as possible.
  for (const one of [...must].sort((a, b) => sizeOf(a) - sizeOf(b))) {
    if (total + sizeOf(one) > most) left.push(one.path);
    else if (!paths.has(one.path)) {
      paths.add(one.path);
      total += sizeOf(one);
    }
  }
  const given = new Set(must.map(({ path }) => path));
  const recent = [...grown].map(([path, bytes]) => ({ path, bytes }));
  const room = Math.min(most, total + idle);
  for (const one of [...recent, ...may]) {
    if (given.has(one.path) || paths.has(one.path) || total + sizeOf(one) > room) continue;
    paths.add(one.path);
    total += sizeOf(one);
  }
  return { paths: [...paths], left };
}
