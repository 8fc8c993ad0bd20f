/** The {@link Guest} that one test is given. Once the test is over it does nothing any more. */
import type { Guest, GuestOptions, GuestOutcome } from '../definition/functions.js';
import { shellQuote } from '../sys/command.js';
import type { TestedMachine } from './machine.js';
import { MAX_COMMAND } from './protocol.js';

/** What a guest's methods throw; the line that called them is in its stack. */
export class GuestError extends Error {
  override readonly name = 'GuestError';

  constructor(message: string, call: Error) {
    super(message);
    // An asynchronous caller is often no longer on the stack by the time that something fails.
    const frames = call.stack?.split('\n').filter((line) => /^ +at /.test(line)) ?? [];
    this.stack = [`${this.name}: ${message}`, ...frames].join('\n');
  }
}

/** Seconds that is waited for a unit or a port where nothing is said. */
const WAIT_SECONDS = 60;
const LAST_LINES = 10;

export class TestGuest implements Guest {
  readonly #going = new Set<{ readonly what: string }>();

  /** `over` is aborted when the test is: what still runs is then killed. */
  constructor(
    private readonly machine: TestedMachine,
    private readonly over: AbortSignal,
  ) {}

  /** What was asked for and has not yet come to its end. */
  get going(): string[] {
    return [...this.#going].map(({ what }) => what);
  }

  run(command: string, options: GuestOptions = {}): Promise<GuestOutcome> {
    const call = new Error();
    return this.#do(command, call, () => this.#ended(command, call, options));
  }

  ok(command: string, options: GuestOptions = {}): Promise<string> {
    const call = new Error();
    return this.#do(command, call, () => this.#ok(command, call, options));
  }

  read(path: string): Promise<string> {
    const call = new Error();
    const command = `cat -- ${shellQuote(path)}`;
    return this.#do(command, call, async () => {
      const outcome = await this.#ended(command, call);
      if (outcome.exitCode === 0) return outcome.stdout;
      throw new GuestError(told(`cannot read ${path}`, outcome), call);
    });
  }

  waitForUnit(unit: string, options: GuestOptions = {}): Promise<void> {
    const name = shellQuote(unit);
    const seen = `systemctl show --property=LoadState,ActiveState,SubState,Result -- ${name}; journalctl --boot --lines=5 --output=cat --unit=${name}`;
    return this.#wait(`${unit} is not active`, `systemctl is-active --quiet -- ${name}`, seen, options);
  }

  waitForPort(port: number, options: GuestOptions = {}): Promise<void> {
    // The kernel's tables (proc_pid_net(5)): addresses in hexadecimal, 0A is LISTEN.
    const local = port.toString(16).toUpperCase().padStart(4, '0');
    const listens = `cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -q '^ *[0-9]*: [0-9A-F]*:${local} [0-9A-F:]* 0A '`;
    return this.#wait(`nothing listens on TCP port ${port}`, listens, ':', options);
  }

  persist(...args: string[]): Promise<void> {
    const call = new Error();
    const words = args.length === 0 ? ['--all'] : args;
    const command = ['mkma', 'persist', ...words.map(shellQuote)].join(' ');
    return this.#do(command, call, async () => {
      await this.#ok(command, call);
    });
  }

  reboot(): Promise<void> {
    return this.#do('reboot', new Error(), () => this.machine.reboot());
  }

  /** Keep account of what goes on. What nobody waits for is found at the test's end: it need not end mkma. */
  #do<T>(what: string, call: Error, work: () => Promise<T>): Promise<T> {
    const one = { what };
    const begin = async (): Promise<T> => {
      this.#go(call);
      this.#going.add(one);
      try {
        return await work();
      } catch (cause) {
        throw cause instanceof GuestError ? cause : new GuestError((cause as Error).message, call);
      } finally {
        this.#going.delete(one);
      }
    };
    const done = begin();
    done.catch(() => undefined);
    return done;
  }

  #go(call: Error): void {
    if (this.over.aborted) throw new GuestError('this test is over', call);
  }

  async #ended(command: string, call: Error, { timeout }: GuestOptions = {}): Promise<GuestOutcome> {
    const bytes = Buffer.byteLength(command);
    if (bytes > MAX_COMMAND || command.includes('\0')) {
      const why = command.includes('\0')
        ? 'it holds a NUL'
        : `it has ${bytes} bytes, at most are ${MAX_COMMAND}`;
      throw new GuestError(`this is no command: ${why}`, call);
    }
    const ended = await this.machine.run(command, { seconds: timeout, signal: this.over });
    const { killed, ...outcome } = ended;
    if (!killed) return outcome;
    this.#go(call);
    throw new GuestError(told(`${command}: not done within ${timeout} seconds, and killed`, ended), call);
  }

  async #ok(command: string, call: Error, options: GuestOptions = {}): Promise<string> {
    const outcome = await this.#ended(command, call, options);
    if (outcome.exitCode === 0) return outcome.stdout.replace(/\n$/, '');
    throw new GuestError(told(`${command}: exit code ${outcome.exitCode}`, outcome), call);
  }

  /** Wait inside the machine until `condition` holds; where it does not, tell what `seen` prints. */
  #wait(
    what: string,
    condition: string,
    seen: string,
    { timeout = WAIT_SECONDS }: GuestOptions,
  ): Promise<void> {
    const call = new Error();
    return this.#do(condition, call, async () => {
      const until = `until ${condition}; do sleep .5; done`;
      const ended = await this.machine.run(until, { seconds: timeout, signal: this.over });
      if (!ended.killed && ended.exitCode === 0) return;
      this.#go(call);
      const { stdout } = await this.machine.run(`{ ${seen}; } 2>&1`, {
        seconds: WAIT_SECONDS,
        signal: this.over,
      });
      const words = ended.killed ? { stdout, stderr: '' } : ended;
      throw new GuestError(told(`${what} after ${timeout} seconds`, words), call);
    });
  }
}

/** What failed, and the last lines of what was printed: on the standard error, if there is anything. */
function told(what: string, { stdout, stderr }: Pick<GuestOutcome, 'stdout' | 'stderr'>): string {
  const lines = (stderr.trim() === '' ? stdout : stderr).trimEnd().split('\n');
  return [what, ...lines.slice(-LAST_LINES)].filter((line) => line !== '').join('\n');
}
