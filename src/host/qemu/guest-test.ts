/** Boot a machine unattended, follow its console, and gather what the checks inside it answer. */
import type { BootTimes } from '../../core/boot.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { failure, Interrupted, type Running, start } from '../sys/run.js';
import { knownQemuFault, type Machine, qemuCommand } from '../tools/qemu.js';
import { Follower, poll } from './follow.js';
import { type Check, ConsoleWatch, MILESTONE_WORDS, parseAnswer } from './protocol.js';

export interface GuestTest {
  readonly machine: Machine;
  /** File that the first serial port, the console, goes to. */
  readonly console: string;
  /** File that the second serial port, the answers, goes to. */
  readonly answers: string;
  /** Seconds until the machine has to be off again. */
  readonly timeout: number;
}

export interface GuestAnswers {
  readonly checks: readonly Check[];
  /** Seconds from the start of QEMU to the login prompt; absent where none was seen. */
  readonly loginSeconds?: number;
  /** The boot from the kernel's start to the handover, as the machine tells it; absent where it does not. */
  readonly boot?: BootTimes;
}

/** Seconds that a machine which has given up may still use to say why. */
const LAST_WORDS_SECONDS = 2;
const STAGE = 'boot';

/**
 * Run the machine to its end. A Problem where the boot failed, QEMU did, or the time was up before the checks' end;
 * failed checks are a result.
 */
export async function runGuestTest(test: GuestTest, context: Context): Promise<Result<GuestAnswers>> {
  const qemu = start(qemuCommand(test.machine), { signal: context.signal });
  try {
    using watcher = new Watcher(test, context);
    context.emit({ type: 'stage', stage: STAGE, state: 'start' });
    const result = await follow(test, qemu, watcher, context);
    if (!result.ok) context.emit({ type: 'stage', stage: watcher.stage, state: 'failed' });
    return result;
  } finally {
    qemu.kill('SIGKILL');
    await qemu.ended;
  }
}

async function follow(
  test: GuestTest,
  qemu: Running,
  watcher: Watcher,
  context: Context,
): Promise<Result<GuestAnswers>> {
  const deadline = watcher.begun + test.timeout * 1000;
  const end = await poll(() => watcher.look(), qemu.ended, deadline);
  if (context.signal.aborted) throw new Interrupted();
  if (end.by === 'found') {
    const until = performance.now() + LAST_WORDS_SECONDS * 1000;
    await poll(() => watcher.readOn(), qemu.ended, until);
    return err(watcher.bootFailed());
  }
  if (end.by === 'end' && !watcher.complete) {
    const ended = await qemu.ended;
    if (!ended.ok) return ended;
    if (ended.value.exitCode === 0) return err(watcher.endedEarly());
    const problem = failure(qemuCommand(test.machine), ended.value);
    return err({ ...problem, ...knownQemuFault(ended.value.stderr) });
  }
  if (!watcher.complete) return err(watcher.tooLate());
  const off = end.by === 'end' && watcher.console.poweredDown;
  const checks = [...watcher.checks, powerOff(off, watcher)];
  context.emit({ type: 'stage', stage: watcher.stage, state: 'done' });
  return ok({
    checks,
    ...(watcher.loginSeconds === undefined ? {} : { loginSeconds: watcher.loginSeconds }),
    ...(watcher.boot === undefined ? {} : { boot: watcher.boot }),
  });
}

/** The last check is the host's to make. */
function powerOff(off: boolean, watcher: Watcher): Check {
  const detail = off ? 'reboot: Power down' : `the console ended with: ${watcher.console.lastWords()}`;
  return { name: 'clean power off', ok: off, detail };
}

/** Reads both serial ports, reports what is new, and knows how far the machine is. */
class Watcher {
  readonly begun = performance.now();
  readonly console = new ConsoleWatch();
  readonly checks: Check[] = [];
  /** Whether the checks' last line was seen. */
  complete = false;
  loginSeconds: number | undefined;
  boot: BootTimes | undefined;
  /** The stage that is going on. */
  stage = STAGE;
  readonly #console: Follower;
  readonly #answers: Follower;
  readonly #words: string[] = [];

  constructor(
    private readonly test: GuestTest,
    private readonly context: Context,
  ) {
    this.#console = new Follower(test.console);
    this.#answers = new Follower(test.answers);
  }

  /** Read on; something where the boot has failed for good. */
  look(): string | undefined {
    this.readOn();
    return this.complete ? undefined : this.console.failed;
  }

  readOn(): undefined {
    for (const line of this.#console.read()) this.#takeConsole(line);
    // A prompt is no whole line.
    if (/\blogin:/.test(this.#console.pending)) this.#reachedLogin();
    for (const line of this.#answers.read()) this.#takeAnswer(line);
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
    if (answer.type === 'other') {
      this.#words.push(line);
      return;
    }
    if (answer.type === 'boot') {
      this.boot = answer.times;
      return;
    }
    if (this.stage === STAGE) this.#next('checks', `after ${this.#seconds()}`);
    if (answer.type === 'end') {
      this.complete = true;
      this.#next('power off', `${this.checks.length} checks made`);
      return;
    }
    this.checks.push(answer.check);
    this.context.emit({ type: 'progress', stage: this.stage, done: this.checks.length, unit: 'items' });
  }

  #next(stage: string, detail: string): void {
    this.context.emit({ type: 'stage', stage: this.stage, state: 'done', detail });
    this.stage = stage;
    this.context.emit({ type: 'stage', stage, state: 'start' });
  }

  #seconds(): string {
    return `${Math.round((performance.now() - this.begun) / 1000)} s`;
  }

  bootFailed(): Problem {
    return {
      what: 'the image did not boot',
      where: this.console.failed ?? '',
      why: this.console.lastWords(),
      next: `the whole console is in ${this.test.console}`,
    };
  }

  endedEarly(): Problem {
    return {
      what: `the machine went off before the checks were done, after ${this.#seconds()}`,
      why: `${this.#got()}; its console ended with:\n${this.console.lastWords()}`,
      next: `the whole console is in ${this.test.console}`,
    };
  }

  tooLate(): Problem {
    return {
      what: `the checks were not done within ${this.test.timeout} seconds`,
      why: `${this.#got()}; its console ended with:\n${this.console.lastWords()}`,
      next: `give it more time with --timeout, or read the whole console: ${this.test.console}`,
    };
  }

  #got(): string {
    const last = this.checks.at(-1);
    if (last !== undefined) return `the last check done was "${last.name}"`;
    const words = this.#words.length === 0 ? '' : `, and the checks said: ${this.#words.slice(-3).join(' ')}`;
    return `the machine got as far as ${MILESTONE_WORDS[this.console.milestone]}${words}`;
  }

  [Symbol.dispose](): void {
    this.#console[Symbol.dispose]();
    this.#answers[Symbol.dispose]();
  }
}
