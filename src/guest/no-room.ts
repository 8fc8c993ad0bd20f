/** The problem of a full file system on the machine. */
import { ThrownProblem } from './thrown-problem.js';

/** Thrown if that is known, not if a program failed without a reason. */
export class NoRoom extends ThrownProblem {
  /** `where`: the file system, as df(1) takes it. */
  constructor(where: string) {
    super({
      code: 'no-room',
      what: `no space left in ${where}`,
      why: 'mkma needs some for lists and for the output of programs',
      next: `free some space there: df ${where} shows how full it is; nothing was changed`,
    });
  }
}
