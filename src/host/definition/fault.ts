/** Faults of a definition: what is wrong with a field, before it is known in which file that field was written. */
import type { ProblemCode } from '../../core/problems/codes.js';
import type { Path } from './merge.js';

/** Names a path as it is counted in the file that has it, which may not be how it is counted in the whole machine. */
export type Naming = (path: Path) => string;

/** Where in the definition, what it is, and what to do about it. */
export interface Fault {
  readonly path: Path;
  /** As in a Problem. */
  readonly code: ProblemCode;
  readonly what: string | ((named: Naming) => string);
  readonly next: string;
  /** As in a Problem. */
  readonly suggestion?: string | undefined;
}

/** A fault; `next` says what to do. */
export const fault = (code: ProblemCode, path: Path, what: Fault['what'], next: string): Fault => ({
  ...{ code, path, what, next },
});
