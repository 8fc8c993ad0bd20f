/** What every step of a command gets besides its own inputs: how to report, and when to stop. */
import type { Problem } from '../core/result.js';
import type { Emit } from './report/event.js';

export type { Emit, Event } from './report/event.js';

/** A tree in which something failed, before it is removed. */
export interface FailedTree {
  readonly stage: string;
  /** The tree, as far as it was made. */
  readonly root: string;
  readonly problem: Problem;
  /** A shell script that failed inside the tree. */
  readonly script?: string;
}

export interface Context {
  readonly emit: Emit;
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal;
  /**
   * Lets a person look at a tree in which something failed; absent: nobody is there to. The same problem
   * again is ignored, so that an outer step need not know what an inner one has shown.
   */
  readonly onFailure?: (failed: FailedTree) => Promise<void>;
}
