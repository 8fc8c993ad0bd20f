/**
 * The marks by which an overlay keeps files and folders of lower directories under other names, or with other
 * metadata, without a copy of their content (kernel: Documentation/filesystems/overlayfs.rst, "Redirecting
 * directories" and "Metadata only copy up"). They have a meaning on this stack of directories only, so
 * nothing of them is ever saved.
 */
import type { FileAttributes } from '../archive/attributes.js';
import type { TreeEntry } from '../archive/tree.js';
import { decodeBase64 } from '../text/bytes.js';
import { decodeName, parentOf } from '../text/path.js';

const REDIRECT = 'trusted.overlay.redirect';
const METACOPY = 'trusted.overlay.metacopy';

/** The marks in an upper directory. */
export interface Marks {
  /**
   * Where the lower directories have what is at a path: the name of a sibling, or, after a slash, a path from
   * the root.
   */
  readonly redirects: ReadonlyMap<string, string>;
  /** Files of which the upper directory has the metadata alone. */
  readonly metacopies: ReadonlySet<string>;
  /** Folders that hide what is below them. */
  readonly opaque: ReadonlySet<string>;
}

/** Whether an attribute is one of these marks. */
export function isMovingMark(name: string): boolean {
  return name === REDIRECT || name === METACOPY;
}

/** The attribute that makes a file of a layer show the content that the file has below. */
export const METACOPY_MARK: FileAttributes['values'] = { [METACOPY]: '' };

/** A file's attributes without these marks, and what they say. */
export function withoutMovingMarks(values: FileAttributes['values']): {
  readonly values: FileAttributes['values'];
  readonly redirect?: string;
  readonly metacopy: boolean;
} {
  const { [REDIRECT]: redirect, [METACOPY]: metacopy, ...others } = values;
  return {
    values: others,
    ...(redirect === undefined ? {} : { redirect: decodeName(decodeBase64(redirect)) }),
    metacopy: metacopy !== undefined,
  };
}

/** What the marks of an upper directory amount to. */
export interface Moves {
  /** Folders with content that is elsewhere below, none of them in another; by path, that path below. */
  readonly folders: ReadonlyMap<string, string>;
  /** Of what the upper directory has in such folders: the path below, if anything is below. */
  readonly origins: ReadonlyMap<string, string>;
  /** Files that have their metadata alone, and their content elsewhere below. */
  readonly elsewhere: ReadonlySet<string>;
  /** Files that have their metadata alone, and their content below at their own path. */
  readonly inPlace: ReadonlySet<string>;
}

/**
 * Follows the marks. `entries`: the upper directory, without whiteouts. `returned`: whether a folder that is
 * where it was counts as one that did not move. A snapshot of this boot may have deleted it meanwhile, and
 * then all it shows of the lower directories has to be saved.
 */
export function followMarks(
  entries: readonly TreeEntry[],
  { redirects, metacopies, opaque }: Marks,
  returned = true,
): Moves {
  const lower = new Map<string, string | undefined>([['.', '.']]);
  /** The path in the lower directories; `undefined` below a folder that has nothing there. */
  const lowerPath = (path: string): string | undefined => {
    if (lower.has(path)) return lower.get(path);
    const mark = redirects.get(path);
    const above = parentOf(path);
    let found: string | undefined;
    if (mark?.startsWith('/') === true) found = mark.slice(1);
    else {
      const parent = opaque.has(above) ? undefined : lowerPath(above);
      const name = mark ?? path.slice(above === '.' ? 0 : above.length + 1);
      found = parent === undefined ? undefined : parent === '.' ? name : `${parent}/${name}`;
    }
    lower.set(path, found);
    return found;
  };
  const stays = new Map<string, boolean>([['.', true]]);
  /** Whether a path shows what the lower directories have there, with nothing opaque or moved above it. */
  const inPlace = (path: string): boolean => {
    const known = stays.get(path);
    if (known !== undefined) return known;
    const above = parentOf(path);
    const is = inPlace(above) && !opaque.has(above) && lowerPath(path) === path;
    stays.set(path, is);
    return is;
  };
  const folders = new Map<string, string>();
  for (const { path, type } of entries) {
    // In the order of their paths, so that a folder comes before those in it.
    if (type !== 'd' || !redirects.has(path) || opaque.has(path)) continue;
    if ((returned && inPlace(path)) || isInside(path, folders)) continue;
    folders.set(path, lowerPath(path) as string);
  }
  const origins = new Map<string, string>();
  if (folders.size > 0) {
    for (const { path } of entries) {
      const origin = isInside(path, folders) ? lowerPath(path) : undefined;
      if (origin !== undefined) origins.set(path, origin);
    }
  }
  const staysBelow = (path: string): boolean => inPlace(path) && !isInside(path, folders);
  return {
    folders,
    origins,
    elsewhere: new Set([...metacopies].filter((path) => !staysBelow(path))),
    inPlace: new Set([...metacopies].filter(staysBelow)),
  };
}

/** Whether a path is in one of these folders. */
export function isInside(path: string, folders: { has(path: string): boolean }): boolean {
  for (let above = path; above !== '.'; ) {
    above = parentOf(above);
    if (folders.has(above)) return true;
  }
  return false;
}
