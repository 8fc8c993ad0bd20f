/** The printer of a command: shows events on stderr and the result on stdout, in one of three formats. */
import type { Problem } from '../../core/result.js';
import type { Emit } from './event.js';

export interface Printer {
  readonly emit: Emit;
  /** The command's result: lines for people, a value for --json. */
  readonly result: (lines: readonly string[], value: unknown) => void;
  readonly problem: (problem: Problem) => void;
  /** Clears the live line of the terminal. Called before anything else writes there, and at the end. */
  readonly close: () => void;
}

/** Where a printer writes. */
export interface Sink {
  readonly write: (text: string) => void;
}
