/** Messages of init on the console. */
import { INIT_FAILED, INIT_PREFIX, type Phase } from '../../core/contract.js';
import { type Problem, renderProblem } from '../../core/result.js';
import type { GuestSystem } from '../system.js';

/** Prints one line. */
export function say(machine: GuestSystem, text: string): void {
  machine.print(`${INIT_PREFIX} ${text}`);
}

/** Reports that a phase failed, why, and what to do next. */
export function sayFailure(machine: GuestSystem, phase: Phase, problem: Problem): void {
  machine.print(`${INIT_FAILED} ${phase}`);
  for (const line of renderProblem(problem)) say(machine, line);
}
