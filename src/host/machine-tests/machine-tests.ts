/** The definition's tests, as the work on a machine after its checks. */
import type { Context } from '../context.js';
import { type AfterChecks, startMachine } from '../qemu/guest-test.js';
import { agentScript, packScript } from '../qemu/test-script.js';
import { QemuScreen } from '../screen/screen.js';
import type { Running } from '../sys/run.js';
import type { Headless, VmConfig } from '../tools/qemu.js';
import type { Album } from './album.js';
import type { GivenTest, TestOutcome } from './given.js';
import { TestedMachine } from './machine.js';
import { runTests, TESTS_STAGE } from './run-tests.js';

export interface MachineTestsOptions {
  readonly tests: readonly GivenTest[];
  /** The machine that the checks ran on. */
  readonly machine: VmConfig;
  readonly headless: Headless;
  readonly album: Album;
  /** The folder with its script. */
  readonly scratch: string;
  /** Seconds for another boot of it. */
  readonly timeout: number;
}

export class MachineTests implements AfterChecks {
  readonly stage = TESTS_STAGE;
  /** The results, once the work is done. */
  outcomes: readonly TestOutcome[] = [];

  constructor(
    private readonly options: MachineTestsOptions,
    private readonly context: Context,
  ) {}

  /** Runs the tests, then powers the machine off. */
  async work(first: Running, panic: Promise<string>): Promise<{ last: Running; done: string }> {
    const { tests, timeout: seconds } = this.options;
    const { headless, album } = this.options;
    const screen = new QemuScreen(headless.socket, this.options.scratch);
    const settings = { bootAgain: () => this.#bootAgain(), panic, seconds, screen, sound: headless.sound };
    const machine = new TestedMachine(settings, first);
    try {
      // A machine without an agent is lost, which its tests then report.
      await machine.ready().catch(() => undefined);
      this.outcomes = await runTests(tests, machine, album, this.context);
      const failed = this.outcomes.filter(({ ok }) => !ok).length;
      const done = `${tests.length} run, ${failed === 0 ? 'all passed' : `${failed} FAILED`}`;
      return { last: await machine.powerOff(), done };
    } catch (cause) {
      machine.kill();
      throw cause;
    } finally {
      screen.forget();
    }
  }

  async #bootAgain(): Promise<Running> {
    const packed = await packScript(this.options.scratch, agentScript(this.options.timeout), this.context);
    if (!packed.ok) throw new Error(packed.problem.what);
    return startMachine(this.options.machine, this.context);
  }
}
