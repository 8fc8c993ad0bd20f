/**
 * Follows the programs that a piece of work starts, wherever in it: through the asynchronous context of
 * Node.js, so that no function in between has to pass it on.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { withoutLogins } from '../../core/text/logins.js';
import { type Command, renderCommand } from './command.js';

/** What a program came to. */
interface TracedEnd {
  /** `undefined`: it could not be started. */
  readonly exitCode: number | undefined;
  readonly seconds: number;
  /** Its standard error, if nobody else followed that. */
  readonly lines: readonly string[];
}

/** Called when a program starts; returns what to call when it has ended. */
export type Tracer = (commandLine: string) => (end: TracedEnd) => void;

const current = new AsyncLocalStorage<Tracer>();

/** Does the work; the tracer learns of every program that it starts, within further calls the inner one. */
export function traced<T>(tracer: Tracer, work: () => T): T {
  return current.run(tracer, work);
}

/** Announces a start; returns what to call at the program's end. */
export function traceStart(command: Command): (exitCode: number | undefined, stderr: string) => void {
  const tracer = current.getStore();
  if (tracer === undefined) return () => undefined;
  const began = performance.now();
  const ended = tracer(withoutLogins(renderCommand(command)));
  return (exitCode, stderr) => {
    const lines = withoutLogins(stderr).split('\n').filter(Boolean);
    ended({ exitCode, seconds: (performance.now() - began) / 1000, lines });
  };
}
