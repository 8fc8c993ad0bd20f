/** Input and output of a verb. */
import type { CommandContext } from '@stricli/core';
import type { Occasion } from '../../core/auto/conditions.js';
import { err, type Problem, type Result } from '../../core/result.js';
import type { RunningSystem } from '../system.js';
import type { Terminal } from '../terminal.js';
import { ThrownProblem } from '../thrown-problem.js';

export interface Session {
  readonly machine: RunningSystem;
  readonly terminal: Terminal;
}

/**
 * What the parser passes to a verb: the session, the streams that the parser itself prints to, and what
 * `mkma persist --auto` does, which needs other verbs.
 */
export type Context = CommandContext &
  Session & { readonly saveByItself: (occasion: Occasion, json: boolean) => Result<Answer> };

/** A verb's answer: the value for `--json`, and its lines for people, fitted to the terminal's width. */
export interface Answer {
  readonly value: unknown;
  readonly lines: (columns?: number) => readonly string[];
  /** A problem that was found: printed after the answer, and the exit code is that of a failure. */
  readonly problem?: Problem;
}

/** A problem on its way through the parser, which only passes on errors. */
export class Failed extends Error {
  constructor(readonly problem: Problem) {
    super(problem.what);
  }
}

/**
 * Does the work and prints its answer; a problem is returned to the program, which prints it. With `json`,
 * one document in either case.
 */
export function show({ terminal }: Session, work: () => Result<Answer>, json: boolean): Failed | undefined {
  const result = unlessThrown(work);
  const document = (value: unknown): void => terminal.out(`${JSON.stringify(value, null, 2)}\n`);
  if (!result.ok) {
    if (json) document({ error: result.problem });
    return new Failed(result.problem);
  }
  const { value, lines, problem } = result.value;
  if (json) document(value);
  else
    terminal.out(
      lines(terminal.columns)
        .map((line) => `${line}\n`)
        .join(''),
    );
  return problem === undefined ? undefined : new Failed(problem);
}

function unlessThrown(work: () => Result<Answer>): Result<Answer> {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof ThrownProblem) return err(cause.problem);
    throw cause;
  }
}
