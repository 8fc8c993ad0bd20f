/** What happens during a command, as data. Steps emit events; only the printers in this folder show them. */
import type { Problem } from '../../core/result.js';

/** A stage of a command, such as "packages" or "pack". */
interface StageEvent {
  readonly type: 'stage';
  readonly stage: string;
  /** `start`, `done`, `reused` (an earlier result holds) or `failed`. */
  readonly state: 'start' | 'done' | 'reused' | 'failed';
  /** Why it runs (start), or its result (done, reused). */
  readonly detail?: string;
}

/** The progress of a stage. `total` is exact, or absent. */
export interface ProgressEvent {
  readonly type: 'progress';
  readonly stage: string;
  readonly done: number;
  readonly total?: number;
  readonly unit: 'bytes' | 'items';
}

/** A line that a tool printed while a stage ran; shown with --verbose, or as the stage's current activity. */
interface OutputEvent {
  readonly type: 'output';
  readonly stage: string;
  readonly line: string;
}

/** Something the user should know, in one line. */
interface NoteEvent {
  readonly type: 'note';
  readonly text: string;
}

/** Something that is wrong but does not end the work. */
interface WarningEvent {
  readonly type: 'warning';
  readonly problem: Problem;
}

export type Event = StageEvent | ProgressEvent | OutputEvent | NoteEvent | WarningEvent;
export type Emit = (event: Event) => void;
