/** Lines for a log: no terminal, no colours, nothing that moves. */
import type { Event, ProgressEvent } from './event.js';
import type { Printer, Sink } from './printer.js';
import { formatProgress, formatSeconds, problemLines } from './text.js';

/** Least milliseconds between two progress lines of a stage. */
const PROGRESS_EVERY = 5000;

export function plainPrinter(out: Sink, err: Sink, options: { readonly verbose: boolean }): Printer {
  const line = (text: string): void => err.write(`${text}\n`);
  const started = new Map<string, number>();
  let lastProgress = performance.now();
  const progress = (event: ProgressEvent): void => {
    const now = performance.now();
    if (now - lastProgress < PROGRESS_EVERY) return;
    lastProgress = now;
    line(`${event.stage}: ${formatProgress(event, 20)}`);
  };
  const emit = (event: Event): void => {
    switch (event.type) {
      case 'stage': {
        if (event.state === 'start') started.set(event.stage, performance.now());
        const since = started.get(event.stage);
        const seconds = event.state !== 'start' && event.state !== 'reused' && since !== undefined;
        const took = seconds ? ` (${formatSeconds((performance.now() - since) / 1000)})` : '';
        line(`${event.stage}: ${event.state}${took}${event.detail === undefined ? '' : `: ${event.detail}`}`);
        break;
      }
      case 'progress':
        progress(event);
        break;
      case 'output':
        if (options.verbose) line(`${event.stage}| ${event.line}`);
        break;
      case 'note':
        line(event.text);
        break;
      case 'warning':
        for (const text of problemLines(event.problem, 'warning')) line(text);
    }
  };
  return {
    emit,
    result: (lines) => {
      for (const text of lines) out.write(`${text}\n`);
    },
    problem: (problem) => {
      for (const text of problemLines(problem, 'error')) line(text);
    },
    close: () => undefined,
  };
}
