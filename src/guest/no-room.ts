/** What goes wrong where a machine has no room left: no fault of anybody's, and so far below that only throwing gets it up. */
import type { Problem } from '../core/result.js';

/** Thrown; it is told as a problem, without a trace of calls. */
export class NoRoom extends Error {
  readonly problem: Problem;

  /** `where`: the file system, as df(1) takes it. */
  constructor(where: string) {
    const what = `there is no room left in ${where}`;
    super(what);
    const next = `make room there: df ${where} tells how full it is, and nothing was changed`;
    this.problem = { what, why: 'mkma needs some for lists and for what programs tell it', next };
  }
}
