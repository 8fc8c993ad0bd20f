/** For programs: events as JSON lines on stderr, one JSON document on stdout. */
import type { Printer, Sink } from './printer.js';

export function jsonPrinter(out: Sink, err: Sink, options: { readonly verbose: boolean }): Printer {
  const line = (value: unknown): void => err.write(`${JSON.stringify(value)}\n`);
  return {
    emit: (event) => {
      const detailed = event.type === 'output' || event.type === 'command';
      if (!detailed || options.verbose) line(event);
    },
    result: (_lines, value) => out.write(`${JSON.stringify(value, null, 2)}\n`),
    problem: (problem) => {
      line({ type: 'error', problem });
      out.write(`${JSON.stringify({ error: problem }, null, 2)}\n`);
    },
    close: () => undefined,
  };
}
