/** Ctrl-C while a layer is written. */
import { err, type Problem, type Result } from '../../../core/result.js';
import type { RunningSystem } from '../../system.js';

export const INTERRUPTED: Problem = {
  code: 'interrupted',
  what: 'interrupted',
  next: 'nothing was saved',
  kind: 'interrupted',
};

/**
 * Does work in which every failure after Ctrl-C is due to that: it ends the programs that are running.
 * `next`: what became of the work.
 */
export function unlessInterrupted<T>(
  machine: RunningSystem,
  work: () => Result<T>,
  next = 'nothing was saved',
): Result<T> {
  const interrupted = err({ ...INTERRUPTED, next });
  try {
    const done = work();
    return !done.ok && wasInterrupted(machine) ? interrupted : done;
  } catch (cause) {
    if (wasInterrupted(machine)) return interrupted;
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
