/**
 * What happens during a command, as data. Steps emit events; only the printers in this folder show them. With
 * `--json` they are printed as they are: docs/events.md describes them for programs. Fields are added, never
 * renamed or removed.
 */
import type { Problem } from '../../core/result.js';

/** A stage of a command, such as "packages" or "pack". */
export interface StageEvent {
  readonly type: 'stage';
  readonly stage: string;
  /** `start`, `done`, `reused` (an earlier result holds) or `failed`. */
  readonly state: 'start' | 'done' | 'reused' | 'failed';
  /** Why it runs (start), or its result (done, reused). */
  readonly detail?: string;
  /** How long it took, once it has ended: `done` and `failed`. */
  readonly seconds?: number;
}

/** A step of a stage. Several may run at once. */
export interface StepEvent {
  readonly type: 'step';
  readonly stage: string;
  /** Its name, after those of the steps that it is part of. Unique among the steps that run at a time. */
  readonly path: readonly string[];
  readonly state: 'start' | 'done' | 'failed';
  /** Its result. */
  readonly detail?: string;
  /** How long it took, once it has ended. */
  readonly seconds?: number;
}

/** The progress of a stage, or of one of its steps. `total` is exact, or absent. */
export interface ProgressEvent {
  readonly type: 'progress';
  readonly stage: string;
  /** The step; absent: the stage. */
  readonly path?: readonly string[];
  readonly done: number;
  readonly total?: number;
  readonly unit: 'bytes' | 'items';
  /** What is being worked on, such as a package's name. */
  readonly item?: string;
}

/** A program that a stage started, or that ended. Printed with --verbose only. */
interface CommandEvent {
  readonly type: 'command';
  readonly stage: string;
  readonly path?: readonly string[];
  readonly state: 'start' | 'ended';
  /** The command line, without what may be secret. */
  readonly command: string;
  /** 128 + n if signal n ended it; absent if it could not be started. */
  readonly exitCode?: number;
  readonly seconds?: number;
}

/** A line that a tool printed while a stage ran; shown with --verbose, or as the stage's current activity. */
interface OutputEvent {
  readonly type: 'output';
  readonly stage: string;
  readonly path?: readonly string[];
  readonly line: string;
}

/** Bytes of packages that a stage downloads, and those that an earlier build downloaded. */
interface DownloadsEvent {
  readonly type: 'downloads';
  readonly stage: string;
  readonly fetched: number;
  readonly reused: number;
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

export type Event =
  | StageEvent
  | StepEvent
  | ProgressEvent
  | CommandEvent
  | OutputEvent
  | DownloadsEvent
  | NoteEvent
  | WarningEvent;
export type Emit = (event: Event) => void;
