/** `mkma layers blame`: which image a path comes from, and which others mention it. */

import type { FileType } from '../archive/tree.js';
import { ok, type Result, usage } from '../result.js';
import { ancestorsOf, isSafePath, unquoteName } from '../text/path.js';
import type { LayerEntry, LayerTree } from './tree.js';

/** An image of the stack. */
export interface BlamedImage {
  readonly name: string;
  readonly tree: LayerTree;
  /** It is not applied: it hides nothing and decides nothing. */
  readonly disabled?: boolean;
}

/** How an image hides a path of those below it: at the path itself, or at a folder above it. */
export interface Cut {
  /** The path at which it does. */
  readonly at: string;
  /**
   * `deletion`; `opaque`: a folder that hides what is below; otherwise the type of the entry in its place.
   */
  readonly by: 'deletion' | 'opaque' | FileType;
  /** The target of a symbolic link there. */
  readonly target?: string;
}

export interface Verdict {
  readonly image: string;
  readonly disabled: boolean;
  /** Its entry at the path. */
  readonly entry?: LayerEntry;
  readonly cut?: Cut;
  /** The image above that hides this one's entry, and how. */
  readonly hidden?: Cut & { readonly image: string };
  /** Whether this image determines the result. */
  readonly decides: boolean;
}

export interface Blame {
  readonly path: string;
  /** Whether the path exists in the result. */
  readonly present: boolean;
  /** Images that mention the path, the highest first. */
  readonly verdicts: readonly Verdict[];
}

/** A path as typed, or quoted as mkma prints it; relative to `/`. */
export function parseBlamePath(text: string): Result<string> {
  const parts = (unquoteName(text) ?? text).split('/').filter((part) => part !== '' && part !== '.');
  const path = parts.join('/');
  if (path === '' && text !== '') return ok('.');
  if (isSafePath(path)) return ok(path);
  return usage({
    code: 'path-invalid',
    what: 'invalid path',
    where: text === '' ? "''" : text,
    why: 'it is empty, contains .., or is too long',
    next: 'give it from the root, such as /etc/hosts',
  });
}

/** The paths to look up in every image: this one, and all folders above it. */
export function blamedPaths(path: string): Set<string> {
  return new Set([...ancestorsOf(path), path]);
}

/** `images`: the lowest first. */
export function blame(path: string, images: readonly BlamedImage[]): Blame {
  const verdicts: Verdict[] = [];
  let above: Verdict['hidden'];
  let folder: Verdict['hidden'];
  for (const { name, tree, disabled = false } of [...images].reverse()) {
    const cut = cutOf(tree, path);
    const entry = isUnderFile(path, cut) ? undefined : tree.entries.get(path);
    if (entry === undefined && cut === undefined) continue;
    // Folders of all images are merged; other entries are hidden by a folder above them, and hide what is
    // below.
    const hidden = disabled ? undefined : (above ?? (entry?.type === 'd' ? undefined : folder));
    verdicts.push({
      ...{ image: name, disabled },
      ...(entry === undefined ? {} : { entry }),
      ...(cut === undefined ? {} : { cut }),
      ...(hidden === undefined ? {} : { hidden }),
      decides: !disabled && !verdicts.some(({ decides }) => decides),
    });
    if (disabled) continue;
    if (cut !== undefined) above = { ...cut, image: name };
    if (entry?.type === 'd') folder ??= { at: path, by: 'd', image: name };
  }
  return { path, present: verdicts.find(({ decides }) => decides)?.entry !== undefined, verdicts };
}

/** What in an image hides the path in those below it: the topmost folder that does, or the path itself. */
function cutOf({ entries, whiteouts, opaque }: LayerTree, path: string): Cut | undefined {
  for (const at of blamedPaths(path)) {
    if (whiteouts.has(at)) return { at, by: 'deletion' };
    if (opaque.has(at)) return { at, by: 'opaque' };
    const entry = entries.get(at);
    if (entry === undefined || entry.type === 'd' || entry.metadataOnly === true) continue;
    return { at, by: entry.type, ...(entry.type === 'l' ? { target: entry.target } : {}) };
  }
  return undefined;
}

/**
 * Whether a folder above the path is not a folder in this image: an entry that was found by following a link
 * does not exist.
 */
function isUnderFile(path: string, cut: Cut | undefined): boolean {
  return cut !== undefined && cut.at !== path && cut.by !== 'deletion' && cut.by !== 'opaque';
}
