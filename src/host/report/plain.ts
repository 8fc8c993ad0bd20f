/** Lines for a log: no terminal, no colours, nothing that moves. */
import type { Event, ProgressEvent, StepEvent } from './event.js';
import type { Printer, Sink } from './printer.js';
import { formatProgress, formatSeconds, problemLines } from './text.js';

/** Least milliseconds between two progress lines of a stage. */
const PROGRESS_EVERY = 5000;
/** Seconds from which on a step is worth a line without --verbose. */
const WORTH = 0.5;

export function plainPrinter(out: Sink, err: Sink, options: { readonly verbose: boolean }): Printer {
  const line = (text: string): void => err.write(`${text}\n`);
  let lastProgress = performance.now();
  const progress = (event: ProgressEvent): void => {
    const now = performance.now();
    if (now - lastProgress < PROGRESS_EVERY) return;
    lastProgress = now;
    line(`${[event.stage, ...(event.path ?? [])].join(': ')}: ${formatProgress(event, 20)}`);
  };
  const emit = (event: Event): void => {
    switch (event.type) {
      case 'stage':
        line(`${event.stage}: ${event.state}${took(event.seconds)}${detailOf(event)}`);
        break;
      case 'step':
        if (!isShown(event, options.verbose)) break;
        line(
          `${event.stage}: ${event.path.join(': ')}: ${event.state}${took(event.seconds)}${detailOf(event)}`,
        );
        break;
      case 'progress':
        progress(event);
        break;
      case 'output':
        if (options.verbose) line(`${event.stage}| ${event.line}`);
        break;
      case 'command':
        if (options.verbose && event.state === 'start') line(`${event.stage}$ ${event.command}`);
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

/** With --verbose all, from their start; otherwise those that took a while or failed, at their end. */
function isShown({ state, seconds = 0 }: StepEvent, verbose: boolean): boolean {
  return verbose || state === 'failed' || (state === 'done' && seconds >= WORTH);
}

function took(seconds: number | undefined): string {
  return seconds === undefined ? '' : ` (${formatSeconds(seconds)})`;
}

function detailOf({ detail }: { readonly detail?: string }): string {
  return detail === undefined ? '' : `: ${detail}`;
}
