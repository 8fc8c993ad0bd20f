/** Exceptions in early boot, as problems. */
import type { Problem } from '../../core/result.js';
import { CouldNotRun } from '../ran.js';
import { ThrownProblem } from '../thrown-problem.js';

/** A program that the initramfs lacks: it cannot be installed there. */
export function notRunProblem({ problem }: CouldNotRun): Problem {
  return { ...problem, next: 'the initramfs is incomplete: build it again' };
}

/** The problem to report for an exception. */
export function bugProblem(bug: unknown): Problem {
  if (bug instanceof CouldNotRun) return notRunProblem(bug);
  if (bug instanceof ThrownProblem) return bug.problem;
  const error = bug instanceof Error ? bug : new Error(String(bug));
  return {
    code: 'bug',
    what: 'a bug in mkma, or a failure of this machine',
    why: `${error.message}\n${error.stack ?? ''}`.trimEnd(),
    next: 'please report it with these lines',
  };
}
