/** What is thrown from far below though it is no bug: only throwing gets it up from there. It is told as a problem, without a trace of calls. */
import type { Problem } from '../core/result.js';

export class ThrownProblem extends Error {
  constructor(readonly problem: Problem) {
    super(problem.what);
  }
}
