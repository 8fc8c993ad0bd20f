/** What every step of a command gets besides its own inputs: how to report, and when to stop. */
import type { Emit } from './report/event.js';

export type { Emit } from './report/event.js';

export interface Context {
  readonly emit: Emit;
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal;
}
