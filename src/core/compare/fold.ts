/** What differs between two images, with what follows from packages and times counted instead of listed. */
import type { Diff, Difference } from '../layers/diff.js';

/** A package whose version differs, or that only one of the images has. */
export interface PackageDifference {
  readonly name: string;
  /** Its version there; absent: it is not there. */
  readonly a?: string;
  readonly b?: string;
  /** Number of its files that differ. */
  readonly files: number;
}

export interface FoldedDiff {
  /** Sorted by name. */
  readonly packages: readonly PackageDifference[];
  /** Files that differ although no package of theirs does, sorted by path; times of these are left out. */
  readonly files: readonly Difference[];
  /** Number of files of dpkg's database that differ because packages do. */
  readonly database: number;
  /** Number of files that differ in their time stamps alone. */
  readonly times: number;
  /** Number of files of the same size whose contents could not be compared. */
  readonly notCompared: number;
}

/** One of the images. */
export interface ComparedSide {
  /** Versions of its packages by name; absent: unknown. */
  readonly packages: ReadonlyMap<string, string> | undefined;
  /** Packages by path of their files; '' where it is of several. */
  readonly owners: ReadonlyMap<string, string>;
}

/** Files that record which packages are installed, besides those of single packages. */
const DATABASE =
  /^var\/lib\/dpkg\/(status|status-old|available|diversions|statoverride|triggers\/.*|alternatives\/.*|info\/format)$|^var\/lib\/apt\/extended_states$/;
const INFO = /^var\/lib\/dpkg\/info\/([^/:]+?)(?::[^/]+)?\.[a-z0-9]+$/;

/** Folds the differences of two images. */
export function foldDiff(diff: Diff, a: ComparedSide, b: ComparedSide): FoldedDiff {
  const changed = new Map<string, { a?: string; b?: string; files: number }>();
  const names = new Set([...(a.packages?.keys() ?? []), ...(b.packages?.keys() ?? [])]);
  for (const name of names) {
    const [x, y] = [a.packages?.get(name), b.packages?.get(name)];
    if (x === y) continue;
    changed.set(name, {
      ...(x === undefined ? {} : { a: x }),
      ...(y === undefined ? {} : { b: y }),
      files: 0,
    });
  }
  const packageOf = (path: string): { files: number } | undefined => {
    const name = INFO.exec(path)?.[1] ?? (b.owners.get(path) || a.owners.get(path) || '');
    return changed.get(name);
  };
  const files: Difference[] = [];
  let [database, times] = [0, 0];
  for (const one of diff.differences) {
    const aspects = one.aspects.filter((aspect) => aspect !== 'mtime');
    if (one.aspects.length > 0 && aspects.length === 0) {
      times++;
      continue;
    }
    const owner = packageOf(one.path);
    if (owner !== undefined) owner.files++;
    else if (changed.size > 0 && DATABASE.test(one.path)) database++;
    else files.push({ ...one, aspects });
  }
  const packages = [...changed].map(([name, facts]) => ({ name, ...facts }));
  packages.sort((x, y) => (x.name < y.name ? -1 : 1));
  return { packages, files, database, times, notCompared: diff.notCompared.length };
}

/** Whether nothing differs but time stamps. */
export function isSame({ packages, files, database }: FoldedDiff): boolean {
  return packages.length + files.length + database === 0;
}
