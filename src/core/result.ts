/**
 * Results and problems: an error of the user is a value of this shape, never an exception. Exceptions are for
 * bugs, and for interrupted runs.
 */
import type { ProblemCode } from './problems/codes.js';

/** What went wrong, in a form that a person can act on. */
export interface Problem {
  /** Identifies the kind of problem for programs and tests: stable while the words below improve. */
  readonly code: ProblemCode;
  /** What failed, in a few words: "cannot read the base". */
  readonly what: string;
  /** The file, option, command or device concerned. */
  readonly where?: string;
  /** The cause, as found. */
  readonly why?: string;
  /** What to do next. */
  readonly next?: string;
  /** The file with the whole output, on the building host. */
  readonly log?: string;
  /** The value that was probably meant, if another one would have been right. */
  readonly suggestion?: string;
  /** The field of a definition concerned, as the path to it. */
  readonly field?: readonly (string | number)[];
  /**
   * `usage`: the command or definition is wrong (exit 2); `interrupted`: by a person (130); `partial`: done,
   * but for a part that is named (3); otherwise the work failed (1).
   */
  readonly kind?: 'usage' | 'failure' | 'interrupted' | 'partial';
}

export type Ok<T> = { readonly ok: true; readonly value: T };
export type Err = { readonly ok: false; readonly problem: Problem };
export type Result<T> = Ok<T> | Err;

export function ok(): Ok<void>;
export function ok<T>(value: T): Ok<T>;
export function ok<T>(value?: T): Ok<T | undefined> {
  return { ok: true, value };
}

export function err(problem: Problem): Err {
  return { ok: false, problem };
}

/** A problem with what was typed rather than with the work: the program exits with code 2. */
export function usage(problem: Omit<Problem, 'kind'>): Err {
  return { ok: false, problem: { ...problem, kind: 'usage' } };
}

/**
 * A problem as lines, the same on the host's terminal and on a booting machine's console. The first line has
 * what, where, and the code under which docs/reference/problems.md lists it; the others are labelled.
 */
export function renderProblem(problem: Problem): string[] {
  const { what, where, code } = problem;
  const lines = [`${visible(where === undefined ? what : `${what}: ${where}`)} [${code}]`];
  for (const [label, text] of [
    ['why', problem.why],
    ['next', problem.next],
    ['log', problem.log],
  ] as const) {
    if (text === undefined || text === '') continue;
    text.split('\n').forEach((line, i) => {
      lines.push(`  ${i === 0 ? `${label}:` : ''.padEnd(label.length + 1)} ${visible(line)}`);
    });
  }
  return lines;
}

/** What failed, where and why, on one line: for logs and lists. */
export function problemLine({ what, where, why }: Problem): string {
  return visible([what, where, why].filter((part) => part !== undefined && part !== '').join(': '));
}

/**
 * Text without control characters, which a terminal would obey: it may come from an untrusted medium. They
 * are shown by their numbers.
 */
function visible(text: string): string {
  return text.replace(/[^\P{Cc}\t]/gu, (ch) => `\\x${ch.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
