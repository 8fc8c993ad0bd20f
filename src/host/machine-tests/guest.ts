/** The {@link Guest} that one test is given. Once the test is over it does nothing any more. */
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  CommandOptions,
  Guest,
  GuestOptions,
  GuestOutcome,
  Screenshot,
  Sound,
  Window,
  WindowChoice,
} from '../definition/functions.js';
import {
  chordOf,
  KEYMAP_SCRIPT,
  type Layout,
  parseKeymap,
  strokesOf,
  US_LAYOUT,
} from '../screen/keyboard.js';
import { readPicture } from '../screen/read.js';
import type { Button, Screen } from '../screen/screen.js';
import { fits, matches, parseWindows, windowsScript, wordsOf } from '../screen/windows.js';
import { shellQuote } from '../sys/command.js';
import type { Album } from './album.js';
import type { TestedMachine } from './machine.js';
import { MAX_COMMAND } from './protocol.js';

/** What a guest's methods throw; the line that called them is in its stack. */
class GuestError extends Error {
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
/**
 * Milliseconds between two looks at a screen: at first, and at most, after waiting for long. What a look costs a machine
 * without KVM was not measured in pairs.
 */
const LOOK_MS = { first: 500, most: 5000 };
/** What share of the time waited so far passes until the next look. */
const LOOK_SHARE = 0.1;

/** What was there instead of what is waited for. */
class NotYet {
  constructor(readonly there: string) {}
}

export class TestGuest implements Guest {
  readonly #going = new Set<{ readonly what: string }>();

  /** `over` is aborted when the test is: what still runs is then killed. */
  constructor(
    private readonly machine: TestedMachine,
    private readonly over: AbortSignal,
    private readonly album: Album,
  ) {}

  /** What was asked for and has not yet come to its end. */
  get going(): string[] {
    return [...this.#going].map(({ what }) => what);
  }

  run(command: string, options: CommandOptions = {}): Promise<GuestOutcome> {
    const call = new Error();
    return this.#do(command, call, () => this.#ended(command, call, options));
  }

  ok(command: string, options: CommandOptions = {}): Promise<string> {
    const call = new Error();
    return this.#do(command, call, () => this.#ok(command, call, options));
  }

  read(path: string): Promise<string> {
    const call = new Error();
    const command = `cat -- ${shellQuote(path)}`;
    return this.#do(command, call, async () => {
      const outcome = await this.#ended(command, call);
      if (outcome.exitCode === 0) return outcome.stdout;
      throw new GuestError(describe(`cannot read ${path}`, outcome), call);
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

  screenshot(): Promise<Screenshot> {
    return this.#do('screenshot', new Error(), async () => {
      const picture = await this.#screen.picture();
      this.album.take(picture);
      return picture;
    });
  }

  keys(...chords: string[]): Promise<void> {
    return this.#do(`keys ${chords.join(' ')}`, new Error(), async () => {
      const layout = await this.#layoutOf();
      for (const keys of chords.map((chord) => chordOf(chord, layout))) await this.#screen.press(keys);
    });
  }

  type(text: string): Promise<void> {
    return this.#do('type', new Error(), async () => {
      for (const keys of strokesOf(text, await this.#layoutOf())) await this.#screen.press(keys);
    });
  }

  click(x: number, y: number, button: Button = 'left'): Promise<void> {
    return this.#do(`click ${x},${y}`, new Error(), () => this.#screen.click(x, y, button));
  }

  waitForWindow(choice: WindowChoice, options: GuestOptions = {}): Promise<Window> {
    return this.#until(`there is no window with ${wordsOf(choice)}`, options, async () => {
      const windows = await this.#windows();
      const found = windows.find((window) => fits(window, choice));
      if (found !== undefined) return found;
      const names = windows.map(({ app, title }) => `${app} "${title}"`);
      return new NotYet(names.length === 0 ? 'there is none' : `there are: ${names.join(', ')}`);
    });
  }

  waitForPixels(is: (picture: Screenshot) => boolean, options: GuestOptions = {}): Promise<Screenshot> {
    return this.#until('the screen is not as it should be', options, async () => {
      const picture = await this.#screen.picture();
      return is(picture) ? picture : new NotYet(`it has ${picture.colours()} colours`);
    });
  }

  waitForText(text: string | RegExp, options: GuestOptions = {}): Promise<void> {
    return this.#until(`the text ${text} is not on the screen`, options, async () => {
      const read = await readPicture(await this.#screen.picture(), this.over);
      return matches(read, text) ? undefined : new NotYet(`there is: ${read.trim() || 'nothing'}`);
    });
  }

  sound(): Promise<Sound> {
    return this.#do('sound', new Error(), async () => this.machine.heard());
  }

  get #screen(): Screen {
    return this.machine.screen;
  }

  #layout: Layout | undefined;

  /** The layout of the machine's own keyboard; without one it has the kernel's, which is that of the USA. */
  async #layoutOf(): Promise<Layout> {
    if (this.#layout !== undefined) return this.#layout;
    const { stdout } = await this.machine.run(KEYMAP_SCRIPT, { signal: this.over });
    this.#layout = stdout === '' ? US_LAYOUT : parseKeymap(stdout);
    return this.#layout;
  }

  async #windows(): Promise<Window[]> {
    const { stdout } = await this.machine.run(windowsScript(), { seconds: WAIT_SECONDS, signal: this.over });
    return parseWindows(stdout);
  }

  /** Look again and again until it is there; where it does not come, what was there instead, and a picture. */
  #until<T>(
    what: string,
    { timeout = WAIT_SECONDS }: GuestOptions,
    look: () => Promise<T | NotYet>,
  ): Promise<T> {
    const call = new Error();
    return this.#do(what, call, async () => {
      const since = performance.now();
      const until = since + timeout * 1000;
      for (;;) {
        const seen = await look();
        if (!(seen instanceof NotYet)) return seen;
        this.#go(call);
        if (performance.now() > until) {
          throw new GuestError(`${what} after ${timeout} seconds: ${seen.there}`, call);
        }
        const now = performance.now();
        const pause = Math.min(LOOK_MS.most, Math.max(LOOK_MS.first, (now - since) * LOOK_SHARE));
        await sleep(Math.max(0, Math.min(pause, until - now)));
      }
    });
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

  async #ended(words: string, call: Error, { timeout, user }: CommandOptions = {}): Promise<GuestOutcome> {
    const command = user === undefined ? words : asUser(user, words);
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
    throw new GuestError(describe(`${words}: not done within ${timeout} seconds, and killed`, ended), call);
  }

  async #ok(command: string, call: Error, options: CommandOptions = {}): Promise<string> {
    const outcome = await this.#ended(command, call, options);
    if (outcome.exitCode === 0) return outcome.stdout.replace(/\n$/, '');
    throw new GuestError(describe(`${command}: exit code ${outcome.exitCode}`, outcome), call);
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
      throw new GuestError(describe(`${what} after ${timeout} seconds`, words), call);
    });
  }
}

/** A command as a user runs it, with the environment of their manager (systemctl(1), show-environment: in words of bash). */
function asUser(user: string, command: string): string {
  const enter = `export XDG_RUNTIME_DIR=/run/user/$(id -u); set -a; eval "$(systemctl --user show-environment 2>/dev/null)"; set +a; cd; exec sh -c ${shellQuote(command)}`;
  return `exec runuser -u ${shellQuote(user)} -- bash -c ${shellQuote(enter)}`;
}

/** What failed, and the last lines of what was printed: on the standard error, if there is anything. */
function describe(what: string, { stdout, stderr }: Pick<GuestOutcome, 'stdout' | 'stderr'>): string {
  const lines = (stderr.trim() === '' ? stdout : stderr).trimEnd().split('\n');
  return [what, ...lines.slice(-LAST_LINES)].filter((line) => line !== '').join('\n');
}
