/** What goes wrong where a machine has no room left: no fault of anybody's. */
import { ThrownProblem } from './thrown-problem.js';

/** Thrown where that is known, not where a program failed and gave no reason. */
export class NoRoom extends ThrownProblem {
  /** `where`: the file system, as df(1) takes it. */
  constructor(where: string) {
    super({
      code: 'no-room',
      what: `there is no room left in ${where}`,
      why: 'mkma needs some for lists and for what programs tell it',
      next: `make room there: df ${where} tells how full it is, and nothing was changed`,
    });
  }
}
