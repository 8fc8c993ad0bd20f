/** What every command starts with: who runs it, how it reports, and when it must stop. */
import type { Problem, Result } from '../../core/result.js';
import type { Context } from '../context.js';
import type { Printer } from '../report/printer.js';
import type { Caller } from '../sys/caller.js';
import { shellQuote } from '../sys/command.js';

export interface Session {
  readonly context: Context;
  readonly printer: Printer;
  readonly caller: Caller;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether the result is to be JSON. */
  readonly json: boolean;
  /** Whether mkma runs in a mount namespace of its own. */
  readonly ownMounts: boolean;
  /** Whether a person can be asked: both ends are a terminal. */
  readonly interactive: boolean;
}

/** mkma as the user typed it: a checkout's launcher passes on the name it was called by. */
export function programName({ env }: Session): string {
  const launcher = env.MKMA_LAUNCHER;
  return launcher === undefined || !launcher.includes('/') ? 'mkma' : shellQuote(launcher);
}

/** The result of a command: lines for people; the rest is its value for --json. */
export interface Shown {
  readonly lines: readonly string[];
}

/** Show a problem; returns the exit code. */
export function fail(session: Session, problem: Problem): number {
  session.printer.problem(problem);
  return problem.kind === 'usage' ? 2 : 1;
}

/** Show a result; returns the exit code. `failed` decides whether a result counts as failure. */
export function show<T extends Shown>(
  session: Session,
  result: Result<T>,
  failed?: (value: T) => boolean,
): number {
  if (!result.ok) return fail(session, result.problem);
  const { lines, ...value } = result.value;
  session.printer.result(lines, value);
  return failed?.(result.value) === true ? 1 : 0;
}
