/**
 * Thrown for a problem deep in the call stack that is not a bug. It is reported as a problem, without a stack
 * trace.
 */
import type { Problem } from '../core/result.js';

export class ThrownProblem extends Error {
  constructor(readonly problem: Problem) {
    super(problem.what);
  }
}
