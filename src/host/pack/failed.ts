/** How packing is broken off from deep inside. It does not leave this folder: its callers get the Problem. */

import { err, type Problem, type Result } from '../../core/result.js';
import { quoteName } from '../../core/text/path.js';

export class PackingFailed extends Error {
  constructor(readonly problem: Problem) {
    super(problem.what);
  }
}

/** A file was no longer what the scan saw: the tree is being changed while it is packed. */
export function treeChanged(path: string, reason: string): PackingFailed {
  return new PackingFailed({
    code: 'tree-changed',
    what: 'cannot pack the tree',
    why: `/${quoteName(path)} changed while it was packed: ${reason}`,
    next: 'let nothing write into the tree while it is packed, and build again',
  });
}

/** The Problem that packing was broken off for; anything else that was thrown is thrown on. */
export function problemOf(cause: unknown): Result<never> {
  if (cause instanceof PackingFailed) return err(cause.problem);
  throw cause;
}
