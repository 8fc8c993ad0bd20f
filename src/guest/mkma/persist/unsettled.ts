/** Files that could not be taken as they were at one moment. */
import { showPath } from '../../../core/overlay/change-list.js';
import type { Problem } from '../../../core/result.js';

export interface Unsettled {
  /** Relative to the root. */
  readonly path: string;
  readonly why: string;
  /** Not saved at all; otherwise as it was read. */
  readonly leftOut: boolean;
}

/** Paths that are named in a message. */
const NAMED = 5;

/** What became of it, and why. */
export function unsettledText({ path, why, leftOut }: Unsettled): string {
  return `${showPath(path)} ${leftOut ? 'was left out' : 'was saved as it was read'}: ${why}`;
}

/** Reported after the save: the layer is complete but for these. */
export function unsettledProblem(unsettled: readonly Unsettled[]): Problem {
  const lines = unsettled.slice(0, NAMED).map(unsettledText);
  const more = unsettled.length > NAMED ? [`and ${unsettled.length - NAMED} more, listed by --json`] : [];
  return {
    kind: 'partial',
    code: 'files-unsettled',
    what: 'saved, but not everything as it was at one moment',
    where: named(unsettled.map(({ path }) => path)),
    why: [...lines, ...more].join('\n'),
    next: 'save again, stop the programs that write them, or raise --max-freeze',
  };
}

/** The problem of files that were never the same twice. */
export function alwaysReplaced(paths: readonly string[]): Problem {
  return {
    code: 'files-changing',
    what: 'files were removed or replaced whenever they were read',
    where: named(paths),
    next: 'stop the program that does this, or exclude them with --deselect; nothing was saved',
  };
}

function named(paths: readonly string[]): string {
  return paths.slice(0, NAMED).map(showPath).join(', ') + (paths.length > NAMED ? ', and more' : '');
}
