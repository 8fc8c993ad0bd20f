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
    return !done.ok && machine.interrupted() ? err(INTERRUPTED) : done;
  } catch (cause) {
    if (machine.interrupted()) return err(INTERRUPTED);
    throw cause;
  }
}
