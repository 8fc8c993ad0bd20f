/** What every command is started with: who runs it, how it reports, and when it has to stop. */
import type { Result } from '../../core/result.js';
import type { Context } from '../context.js';
import type { Printer } from '../report/printer.js';
import type { Caller } from '../sys/caller.js';

export interface Session {
  readonly context: Context;
  readonly printer: Printer;
  readonly caller: Caller;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether a person can be asked: both ends are a terminal. */
  readonly interactive: boolean;
}

/** What a command returns to be shown: lines for people; the rest is its value for --json. */
export interface Shown {
  readonly lines: readonly string[];
}

/** Show a result; resolves to the exit code. `failed` tells whether a result that is there means failure. */
export function show<T extends Shown>(
  session: Session,
  result: Result<T>,
  failed?: (value: T) => boolean,
): number {
  if (!result.ok) {
    session.printer.problem(result.problem);
    return result.problem.kind === 'usage' ? 2 : 1;
  }
  const { lines, ...value } = result.value;
  session.printer.result(lines, value);
  return failed?.(result.value) === true ? 1 : 0;
}
