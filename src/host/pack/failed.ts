/** Aborts packing from deep inside. It does not leave this folder: callers get the Problem. */

import { err, type Problem, type Result } from '../../core/result.js';
import { quoteName } from '../../core/text/path.js';

export class PackingFailed extends Error {
  constructor(readonly problem: Problem) {
    super(problem.what);
  }
}

/** A file differs from what the scan saw: the tree is being changed while it is packed. */
export function treeChanged(path: string, reason: string): PackingFailed {
  return new PackingFailed({
    code: 'tree-changed',
    what: 'cannot pack the tree',
    why: `/${quoteName(path)} changed while it was being packed: ${reason}`,
    next: 'stop whatever writes into the tree, and build again',
  });
}

/** The Problem that aborted packing; anything else thrown is rethrown. */
export function problemOf(cause: unknown): Result<never> {
  if (cause instanceof PackingFailed) return err(cause.problem);
  throw cause;
}
