/** Ctrl-C while a layer is written. */
import { err, type Problem, type Result } from '../../../core/result.js';
import type { RunningSystem } from '../../system.js';

export const INTERRUPTED: Problem = {
  code: 'interrupted',
  what: 'interrupted',
  next: 'nothing was saved',
  kind: 'interrupted',
};

/** Does work in which every failure after Ctrl-C is due to that: it ends the programs that are running. */
export function unlessInterrupted<T>(machine: RunningSystem, work: () => Result<T>): Result<T> {
  try {
    const done = work();
    return !done.ok && wasInterrupted(machine) ? err(INTERRUPTED) : done;
  } catch (cause) {
    if (wasInterrupted(machine)) return err(INTERRUPTED);
    throw cause;
  }
}

/** Milliseconds within which Ctrl-C ends all programs that run. */
const LATEST = 300;

/** Ctrl-C may end the program that failed before the one by which it is detected. */
function wasInterrupted(machine: RunningSystem): boolean {
  if (machine.interrupted()) return true;
  machine.sleep(LATEST);
  return machine.interrupted();
}
