/**
 * Follows the serial ports of a machine under test: the progress of its boot, and the results of the checks.
 */
import type { BootTimes } from '../../core/boot/record.js';
import type { Problem } from '../../core/result.js';
import type { Context } from '../context.js';
import { Follower } from './follow.js';
import { type Check, ConsoleWatch, MILESTONE_WORDS, parseAnswer } from './protocol.js';

/** Where a machine's output is found. */
export interface Watched {
  /** File of the first serial port, the console. */
  readonly console: string;
  /** File of the second serial port, the results. */
  readonly answers: string;
  /** Seconds until the checks must be done. */
  readonly timeout: number;
}

const STAGE = 'boot';

/** Reads both serial ports, reports what is new, and tracks the machine's progress. */
export class Watcher implements Disposable {
  readonly begun = performance.now();
  readonly console = new ConsoleWatch();
  readonly checks: Check[] = [];
  /** Whether the checks' last line was seen. */
  complete = false;
  loginSeconds: number | undefined;
  boot: BootTimes | undefined;
  /** The current stage. */
  stage = STAGE;
  readonly #console: Follower;
  readonly #answers: Follower;
  readonly #words: string[] = [];
  #begun = false;
  #since = performance.now();

  constructor(
    private readonly test: Watched,
    private readonly context: Context,
  ) {
    this.#console = new Follower(test.console);
    this.#answers = new Follower(test.answers);
  }

  /** Reads on; returns something once the boot has failed for good, or all checks are done. */
  look(): 'failed' | 'complete' | undefined {
    this.readOn();
    if (this.complete) return 'complete';
    return this.console.failed === undefined ? undefined : 'failed';
  }

  readOn(): undefined {
    for (const line of this.#console.read()) this.#takeConsole(line);
    // A prompt is not a complete line.
    if (/\blogin:/.test(this.#console.pending)) this.#reachedLogin();
    // What follows the checks' end is not theirs.
    if (!this.complete) for (const line of this.#answers.read()) this.#takeAnswer(line);
  }

  /** Moves on to another stage. */
  next(stage: string, detail: string): void {
    this.end('done', detail);
    this.stage = stage;
    this.begin();
  }

  /** Reports that the current stage begins. */
  begin(): void {
    this.#since = performance.now();
    this.context.emit({ type: 'stage', stage: this.stage, state: 'start' });
  }

  /** Reports how the current stage ended. */
  end(state: 'done' | 'failed', detail?: string): void {
    const seconds = Math.round(performance.now() - this.#since) / 1000;
    const { stage } = this;
    this.context.emit({ type: 'stage', stage, state, seconds, ...(detail === undefined ? {} : { detail }) });
  }

  #takeConsole(line: string): void {
    if (line.trim() === '') return;
    this.context.emit({ type: 'output', stage: this.stage, line });
    if (this.console.take(line) === 'login') this.#reachedLogin();
  }

  #reachedLogin(): void {
    this.loginSeconds ??= (performance.now() - this.begun) / 1000;
  }

  #takeAnswer(line: string): void {
    const answer = parseAnswer(line);
    // Firmware may have used the port before.
    if (answer.type === 'begin') {
      this.#begun = true;
      return;
    }
    if (!this.#begun) return;
    if (answer.type === 'other') {
      this.#words.push(line);
      return;
    }
    if (answer.type === 'boot') {
      this.boot = answer.times;
      return;
    }
    if (this.stage === STAGE) this.next('checks', `after ${this.#seconds()}`);
    if (answer.type === 'end') {
      this.complete = true;
      return;
    }
    this.checks.push(answer.check);
    this.context.emit({ type: 'progress', stage: this.stage, done: this.checks.length, unit: 'items' });
  }

  #seconds(): string {
    return `${Math.round((performance.now() - this.begun) / 1000)} s`;
  }

  bootFailed(): Problem {
    return {
      code: 'boot-failed',
      what: 'the image did not boot',
      where: this.console.failed ?? '',
      why: this.console.lastWords(),
      next: `the complete console output is in ${this.test.console}`,
    };
  }

  endedEarly(): Problem {
    return {
      code: 'machine-off',
      what: `the machine went off before the checks were done, after ${this.#seconds()}`,
      why: `${this.#got()}; its console ended with:\n${this.console.lastWords()}`,
      next: `the complete console output is in ${this.test.console}`,
    };
  }

  tooLate(): Problem {
    return {
      code: 'checks-timed-out',
      what: `the checks were not done within ${this.test.timeout} seconds`,
      why: `${this.#got()}; its console ended with:\n${this.console.lastWords()}`,
      next: `give it more time with --timeout, or read the console output: ${this.test.console}`,
    };
  }

  #got(): string {
    const last = this.checks.at(-1);
    if (last !== undefined) return `the last check done was "${last.name}"`;
    const words =
      this.#words.length === 0 ? '' : `, and the checks printed: ${this.#words.slice(-3).join(' ')}`;
    return `the machine got as far as ${MILESTONE_WORDS[this.console.milestone]}${words}`;
  }

  [Symbol.dispose](): void {
    this.#console[Symbol.dispose]();
    this.#answers[Symbol.dispose]();
  }
}
