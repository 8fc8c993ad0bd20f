/** What a test threw, as text, with its line in the definition. */
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { OWN } from '../installed.js';

/** Why a test failed. */
export interface Failure {
  readonly detail: string;
  /** File and line; absent if unknown. */
  readonly place?: { readonly file: string; readonly line: number };
}

/** Errors whose names add nothing to their messages. */
const NAMELESS = /^(Error|AssertionError|GuestError|MachineLost)$/;

/** Describes what was thrown, whatever it is. `own`: the folder whose stack frames are skipped. */
export function failureOf(thrown: unknown, own = OWN): Failure {
  if (!(thrown instanceof Error)) {
    return { detail: `it threw ${inspect(thrown, { breakLength: Number.POSITIVE_INFINITY })}` };
  }
  const message = thrown.message === '' ? thrown.name : thrown.message;
  const named = NAMELESS.test(thrown.name) || thrown.message === '' ? message : `${thrown.name}: ${message}`;
  const cause = thrown.cause instanceof Error ? `\nwhy: ${thrown.cause.message}` : '';
  const place = placeIn(String(thrown.stack), own);
  return { detail: named.trimEnd() + cause, ...(place === undefined ? {} : { place }) };
}

/** The innermost stack frame outside of Node.js, mkma and packages. */
function placeIn(stack: string, own: string): Failure['place'] {
  for (const line of stack.split('\n')) {
    const match = /^ +at .*?\(?((?:file:\/\/)?\/[^()]*):(\d+):\d+\)?$/.exec(line);
    if (match === null) continue;
    const [, path = '', number] = match;
    const file = path.startsWith('file://') ? fileURLToPath(path) : path;
    if (!file.startsWith(own) && !file.includes('/node_modules/')) return { file, line: Number(number) };
  }
  return undefined;
}
