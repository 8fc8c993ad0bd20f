/** A live terminal: finished stages stay as lines, the running one is updated below them. */
import { createLogUpdate } from 'log-update';
import type { Event, ProgressEvent } from './event.js';
import type { Printer } from './printer.js';
import { clip, formatProgress, formatSeconds, problemLines } from './text.js';

const TICK = 100;
const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const paint = (code: number, text: string): string => `\u001b[${code}m${text}\u001b[0m`;

interface Running {
  readonly stage: string;
  readonly since: number;
  detail: string;
  progress?: ProgressEvent;
}

export interface TerminalOptions {
  readonly verbose: boolean;
  readonly colours: boolean;
}

export function terminalPrinter(
  out: NodeJS.WriteStream,
  err: NodeJS.WriteStream,
  options: TerminalOptions,
): Printer {
  const live = createLogUpdate(err);
  const colour = (code: number, text: string): string => (options.colours ? paint(code, text) : text);
  const running = new Map<string, Running>();
  let ticks = 0;
  let timer: NodeJS.Timeout | undefined;

  const draw = (): void => {
    const columns = err.columns ?? 80;
    const mark = FRAMES[ticks++ % FRAMES.length] as string;
    const lines = [...running.values()].map((stage) => {
      const head = `${stage.stage.padEnd(10)} ${formatSeconds((performance.now() - stage.since) / 1000).padStart(8)}`;
      const width = Math.max(5, Math.min(24, columns - 60));
      const tail = stage.progress === undefined ? stage.detail : formatProgress(stage.progress, width);
      return `${colour(36, mark)} ${clip(`${head}  ${tail}`, columns - 2)}`;
    });
    live(lines.join('\n'));
  };
  const stop = (): void => {
    clearInterval(timer);
    timer = undefined;
    live.clear();
  };
  /** Writes a line that stays, above the live one. */
  const keep = (text: string): void => {
    live.clear();
    err.write(`${text}\n`);
    if (running.size > 0) draw();
  };
  const ended = (event: Event & { type: 'stage' }): void => {
    const since = running.get(event.stage)?.since;
    running.delete(event.stage);
    if (running.size === 0) stop();
    const took = since === undefined ? '' : formatSeconds((performance.now() - since) / 1000);
    const mark = { done: colour(32, '✓'), reused: colour(34, '='), failed: colour(31, '✗'), start: '' }[
      event.state
    ];
    keep(`${mark} ${`${event.stage.padEnd(10)} ${took.padStart(8)}  ${event.detail ?? ''}`.trimEnd()}`);
  };
  const emit = (event: Event): void => {
    switch (event.type) {
      case 'stage':
        if (event.state !== 'start') {
          ended(event);
          return;
        }
        running.set(event.stage, {
          stage: event.stage,
          since: performance.now(),
          detail: event.detail ?? '',
        });
        timer ??= setInterval(draw, TICK);
        draw();
        return;
      case 'progress': {
        const stage = running.get(event.stage);
        if (stage !== undefined) stage.progress = event;
        return;
      }
      case 'output': {
        const stage = running.get(event.stage);
        if (options.verbose) keep(colour(2, `  ${event.line}`));
        else if (stage !== undefined) stage.detail = event.line;
        return;
      }
      case 'note':
        keep(event.text);
        return;
      case 'warning':
        for (const line of problemLines(event.problem, 'warning')) keep(colour(33, line));
    }
  };
  return {
    emit,
    result: (lines) => {
      stop();
      for (const text of lines) out.write(`${text}\n`);
    },
    problem: (problem) => {
      stop();
      const [first = '', ...rest] = problemLines(problem, 'error');
      err.write(`${colour(31, first)}\n${rest.map((line) => `${line}\n`).join('')}`);
    },
    close: stop,
  };
}
