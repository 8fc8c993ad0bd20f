/** Errors in fields of a definition, before their place in a file is known. */
import type { ProblemCode } from '../../core/problems/codes.js';
import type { Path } from './merge.js';

/** Names a path with the indices of its own file, which may differ from those in the whole machine. */
export type Naming = (path: Path) => string;

/** An error: its place in the definition, what it is, and what to do about it. */
export interface Fault {
  readonly path: Path;
  /** As in a Problem. */
  readonly code: ProblemCode;
  readonly what: string | ((named: Naming) => string);
  readonly next: string;
  /** As in a Problem. */
  readonly suggestion?: string | undefined;
}

/** An error; `next`: what to do. */
export const fault = (code: ProblemCode, path: Path, what: Fault['what'], next: string): Fault => ({
  ...{ code, path, what, next },
});
