/** Boots a machine unattended, follows its console, and collects the results of the checks inside it. */
import type { BootTimes } from '../../core/boot/record.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { failure, Interrupted, type Running, start } from '../sys/run.js';
import { knownQemuFault, qemuCommand, type VmConfig } from '../tools/qemu.js';
import { poll } from './follow.js';
import type { Check } from './protocol.js';
import { type Watched, Watcher } from './watcher.js';

export interface GuestTest extends Watched {
  readonly machine: VmConfig;
  /**
   * Seconds until the machine must be off again; if there is work after the checks: until they are done, and
   * again from the end of that work.
   */
  readonly timeout: number;
  /** Work with the machine, left running by the checks. None: they turn it off. */
  readonly afterChecks?: AfterChecks | undefined;
  /** For a machine whose console may print nothing. */
  readonly witness?: MachineWitness | undefined;
}

/** Sees of a machine what QEMU knows of it. */
export interface MachineWitness extends Disposable {
  /** From now on, notes why the machine goes off. */
  watchShutdown(): Promise<void>;
  /** Whether it went off because it powered itself off. */
  readonly poweredOff: boolean;
  /** Keeps a picture of its screen; resolves to the file, or to nothing if there is no screen any more. */
  picture(): Promise<string | undefined>;
}

/** Work with a running machine, which powers it off at its end. */
export interface AfterChecks {
  /** The name under which the work reports progress. */
  readonly stage: string;
  /** Does it; resolves to the QEMU that then runs the machine, and to a summary. */
  work(first: Running, panic: Promise<string>): Promise<{ readonly last: Running; readonly done: string }>;
}

export interface GuestAnswers {
  readonly checks: readonly Check[];
  /** Seconds from the start of QEMU to the login prompt; absent if none was seen. */
  readonly loginSeconds?: number;
  /** The boot from the kernel's start to the handover, if the machine reports it. */
  readonly boot?: BootTimes;
}

/** Seconds that a machine whose boot failed gets to report why. */
const LAST_WORDS_SECONDS = 2;

/**
 * Runs the machine to its end. A Problem if the boot or QEMU failed, or if the time was up before the checks'
 * end; failed checks are a result.
 */
export async function runGuestTest(test: GuestTest, context: Context): Promise<Result<GuestAnswers>> {
  const qemu = startMachine(test.machine, context);
  try {
    using watcher = new Watcher(test, context);
    watcher.begin();
    const result = await follow(test, qemu, watcher, context);
    if (!result.ok) watcher.end('failed');
    return result;
  } finally {
    qemu.kill('SIGKILL');
    await qemu.ended;
  }
}

/** Starts QEMU, with the caller's standard streams if a serial port is connected to them. */
export function startMachine(machine: VmConfig, { signal }: Pick<Context, 'signal'>): Running {
  const io = machine.serials.some(({ to }) => to === 'parent') ? 'pipe' : 'ignore';
  return start(qemuCommand(machine), { signal, stdin: io, stdout: io });
}

async function follow(
  test: GuestTest,
  qemu: Running,
  watcher: Watcher,
  context: Context,
): Promise<Result<GuestAnswers>> {
  const deadline = watcher.begun + test.timeout * 1000;
  const checked = await checksDone(test, qemu, watcher, deadline);
  if (context.signal.aborted) throw new Interrupted();
  if (!checked.ok) return checked;
  const { witness } = test;
  const made = `${watcher.checks.length} checks done`;
  const off =
    test.afterChecks === undefined
      ? await goesOff(qemu, watcher, { before: made, deadline, witness })
      : await afterChecks(test.afterChecks, qemu, watcher, { made, seconds: test.timeout, witness });
  if (context.signal.aborted) throw new Interrupted();
  const checks = [...watcher.checks, powerOff(off, watcher)];
  watcher.end('done');
  return ok({
    checks,
    ...(watcher.loginSeconds === undefined ? {} : { loginSeconds: watcher.loginSeconds }),
    ...(watcher.boot === undefined ? {} : { boot: watcher.boot }),
  });
}

/** Waits until all checks are done; a Problem if that does not happen. */
async function checksDone(
  test: GuestTest,
  qemu: Running,
  watcher: Watcher,
  deadline: number,
): Promise<Result<void>> {
  const end = await poll(() => watcher.look(), qemu.ended, deadline);
  if (end.by === 'deadline') return err(await pictured(watcher.tooLate(), test.witness));
  if (end.by === 'found') {
    if (end.value === 'complete') return ok();
    const until = performance.now() + LAST_WORDS_SECONDS * 1000;
    await poll(() => watcher.readOn(), qemu.ended, until);
    return err(await pictured(watcher.bootFailed(), test.witness));
  }
  const ended = await qemu.ended;
  if (!ended.ok) return ended;
  if (ended.value.exitCode === 0) return err(watcher.endedEarly());
  const problem = failure(qemuCommand(test.machine), ended.value);
  return err({ ...problem, ...knownQemuFault(ended.value.stderr) });
}

/** Whether the machine powers off as requested. */
async function goesOff(qemu: Running, watcher: Watcher, off: GoingOff): Promise<boolean> {
  const { before, deadline, witness } = off;
  watcher.next('power off', before);
  using _closed = witness;
  await witness?.watchShutdown();
  const end = await poll(() => watcher.readOn(), qemu.ended, deadline);
  return end.by === 'end' && (watcher.console.poweredDown || witness?.poweredOff === true);
}

interface GoingOff {
  /** What was done before. */
  readonly before: string;
  readonly deadline: number;
  readonly witness?: MachineWitness | undefined;
}

/** The problem, naming a picture of the screen if there is one. */
async function pictured(problem: Problem, witness: MachineWitness | undefined): Promise<Problem> {
  const picture = await witness?.picture();
  return picture === undefined ? problem : { ...problem, next: `${problem.next}; its screen: ${picture}` };
}

interface AfterOptions {
  readonly made: string;
  readonly seconds: number;
  readonly witness?: MachineWitness | undefined;
}

async function afterChecks(
  after: AfterChecks,
  qemu: Running,
  watcher: Watcher,
  { made, seconds, witness }: AfterOptions,
): Promise<boolean> {
  watcher.next(after.stage, made);
  let tell: (line: string) => void = () => undefined;
  const panic = new Promise<string>((resolve) => {
    tell = resolve;
  });
  const working = after.work(qemu, panic);
  const look = (): undefined => {
    watcher.readOn();
    if (watcher.console.failed !== undefined) tell(watcher.console.failed);
  };
  // The caller handles a failure of the work, below; here it only counts as its end.
  await poll(look, Promise.allSettled([working]), Number.POSITIVE_INFINITY);
  const { last, done } = await working;
  try {
    const deadline = performance.now() + seconds * 1000;
    return await goesOff(last, watcher, { before: done, deadline, witness });
  } finally {
    last.kill('SIGKILL');
    await last.ended;
  }
}

/** The last check, made by the host. */
function powerOff(off: boolean, watcher: Watcher): Check {
  const seen = watcher.console.poweredDown ? 'reboot: Power down' : 'QEMU: guest-shutdown';
  const detail = off ? seen : `the console ended with: ${watcher.console.lastWords()}`;
  return { name: 'clean power off', ok: off, detail };
}
