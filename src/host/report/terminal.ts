/** A live terminal: finished stages stay as lines, the running ones are updated below them. */
import { createLogUpdate } from 'log-update';
import type { Event, StageEvent } from './event.js';
import { endedLines, liveLines } from './live.js';
import type { Printer } from './printer.js';
import { Running, type RunningStage } from './running.js';
import { problemLines } from './text.js';

const TICK = 100;
const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const MARKS = { start: '', done: '✓', reused: '=', failed: '✗' } as const;
/** Select Graphic Rendition (ECMA-48, 8.3.117). */
const COLOURS = { start: 0, done: 32, reused: 34, failed: 31 } as const;
const paint = (code: number, text: string): string => `\u001b[${code}m${text}\u001b[0m`;

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
  const running = new Running();
  let ticks = 0;
  let timer: NodeJS.Timeout | undefined;
  /** The columns of each line on the screen. */
  let drawn: readonly number[] = [];

  const columns = (): number => err.columns || 80;
  const draw = (): void => {
    const mark = FRAMES[ticks++ % FRAMES.length] as string;
    const screen = { columns: columns(), rows: err.rows || 24, now: performance.now(), mark };
    const lines = liveLines(running.stages, screen);
    drawn = lines.map((line) => line.length);
    live(lines.map((line) => line.replace(mark, colour(36, mark))).join('\n'));
  };
  const clear = (): void => {
    live.clear();
    drawn = [];
  };
  /**
   * A terminal that became narrower has broken lines into several: what log-update, which counts lines as
   * they were, leaves of them is erased.
   */
  const resized = (): void => {
    const more = drawn.reduce((sum, width) => sum + Math.max(0, Math.ceil(width / columns()) - 1), 0);
    clear();
    if (more > 0) err.write(`\u001b[${more}A\u001b[J`);
    if (running.stages.length > 0) draw();
  };
  const stop = (): void => {
    clearInterval(timer);
    timer = undefined;
    err.off('resize', resized);
    clear();
    live.done();
  };
  const start = (): void => {
    if (timer === undefined) err.on('resize', resized);
    timer ??= setInterval(draw, TICK);
    draw();
  };
  /** Writes lines that stay, above the live ones. */
  const keep = (...texts: readonly string[]): void => {
    clear();
    for (const text of texts) err.write(`${text}\n`);
    if (timer !== undefined) draw();
  };
  const ended = (
    { stage, state, detail = '', seconds }: StageEvent,
    before: RunningStage | undefined,
  ): void => {
    if (running.stages.length === 0) stop();
    const mark = MARKS[state];
    const lines = endedLines(
      { mark, stage, seconds, detail },
      before?.ended ?? [],
      options.verbose,
      columns(),
    );
    const [first = '', ...rest] = lines;
    keep(
      `${colour(COLOURS[state], mark)}${first.slice(mark.length)}`,
      ...rest.map((line) => colour(2, line)),
    );
  };
  const emit = (event: Event): void => {
    const before = running.note(event);
    // Somebody else had the terminal.
    if (timer === undefined && event.type !== 'stage' && running.stages.length > 0) start();
    switch (event.type) {
      case 'stage':
        if (event.state === 'start') start();
        else ended(event, before);
        return;
      case 'output':
        if (options.verbose) keep(colour(2, `  ${event.line}`));
        return;
      case 'command':
        if (options.verbose && event.state === 'start') keep(colour(2, `$ ${event.command}`));
        return;
      case 'note':
        keep(event.text);
        return;
      case 'warning':
        keep(...problemLines(event.problem, 'warning').map((line) => colour(33, line)));
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
