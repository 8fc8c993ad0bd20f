/** What was thrown in early boot, as a problem. */
import type { Problem } from '../../core/result.js';
import { CouldNotRun } from '../ran.js';
import { ThrownProblem } from '../thrown-problem.js';

/** A program that the initramfs should hold: there nobody can install one. */
export function notRunProblem({ problem }: CouldNotRun): Problem {
  return { ...problem, next: 'the initramfs lacks what it needs: build it again' };
}

/** What people are told of what was thrown. */
export function bugProblem(bug: unknown): Problem {
  if (bug instanceof CouldNotRun) return notRunProblem(bug);
  if (bug instanceof ThrownProblem) return bug.problem;
  const error = bug instanceof Error ? bug : new Error(String(bug));
  return {
    code: 'bug',
    what: 'a fault of mkma itself, or of this machine',
    why: `${error.message}\n${error.stack ?? ''}`.trimEnd(),
    next: 'please report it with these lines',
  };
}
