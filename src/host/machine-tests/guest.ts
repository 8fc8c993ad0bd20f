/** The {@link Guest} of one test. Once the test is over, it refuses everything. */
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

/** What a guest's methods throw; its stack has the line that called them. */
class GuestError extends Error {
  override readonly name = 'GuestError';

  constructor(message: string, call: Error) {
    super(message);
    // An asynchronous caller is often no longer on the stack when something fails.
    const frames = call.stack?.split('\n').filter((line) => /^ +at /.test(line)) ?? [];
    this.stack = [`${this.name}: ${message}`, ...frames].join('\n');
  }
}

/** Default seconds to wait for a unit or a port. */
const WAIT_SECONDS = 60;
const LAST_LINES = 10;
/**
 * Milliseconds between two looks at a screen: at first, and at most. What a look costs a machine without KVM
 * was not measured.
 */
const LOOK_MS = { first: 500, most: 5000 };
/** The next look comes after this share of the time waited so far. */
const LOOK_SHARE = 0.1;

/** What was seen instead of what is waited for. */
class NotYet {
  constructor(readonly there: string) {}
}

export class TestGuest implements Guest {
  readonly #going = new Set<{ readonly what: string }>();

  /** `over` is aborted when the test ends: what still runs is then killed. */
  constructor(
    private readonly machine: TestedMachine,
    private readonly over: AbortSignal,
    private readonly album: Album,
  ) {}

  /** What was started and has not ended yet. */
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
    return this.#until(`no window with ${wordsOf(choice)}`, options, async () => {
      const windows = await this.#windows();
      const found = windows.find((window) => fits(window, choice));
      if (found !== undefined) return found;
      const names = windows.map(({ app, title }) => `${app} "${title}"`);
      return new NotYet(names.length === 0 ? 'no windows' : `windows: ${names.join(', ')}`);
    });
  }

  waitForPixels(is: (picture: Screenshot) => boolean, options: GuestOptions = {}): Promise<Screenshot> {
    return this.#until('the screen does not match', options, async () => {
      const picture = await this.#screen.picture();
      return is(picture) ? picture : new NotYet(`it has ${picture.colours()} colours`);
    });
  }

  waitForText(text: string | RegExp, options: GuestOptions = {}): Promise<void> {
    return this.#until(`the text ${text} is not on the screen`, options, async () => {
      const read = await readPicture(await this.#screen.picture(), this.over);
      return matches(read, text) ? undefined : new NotYet(`it shows: ${read.trim() || 'nothing'}`);
    });
  }

  sound(): Promise<Sound> {
    return this.#do('sound', new Error(), async () => this.machine.heard());
  }

  get #screen(): Screen {
    return this.machine.screen;
  }

  #layout: Layout | undefined;

  /** The layout of the machine's keyboard; by default the kernel's, which is US. */
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

  /** Polls until it appears; if it does not, reports what was there instead, with a picture. */
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

  /** Tracks what is running. What nobody awaits is found at the test's end, and does not crash mkma. */
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
        ? 'it contains a NUL'
        : `it has ${bytes} bytes, more than ${MAX_COMMAND}`;
      throw new GuestError(`invalid command: ${why}`, call);
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

  /** Waits inside the machine until `condition` holds; if it does not, reports what `seen` prints. */
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

/**
 * A command as a user runs it, with the environment of their user manager (systemctl(1), show-environment: in
 * bash's quoting).
 */
function asUser(user: string, command: string): string {
  const enter = `export XDG_RUNTIME_DIR=/run/user/$(id -u); set -a; eval "$(systemctl --user show-environment 2>/dev/null)"; set +a; cd; exec sh -c ${shellQuote(command)}`;
  return `exec runuser -u ${shellQuote(user)} -- bash -c ${shellQuote(enter)}`;
}

/** What failed, and the last lines of its output: of standard error, unless empty. */
function describe(what: string, { stdout, stderr }: Pick<GuestOutcome, 'stdout' | 'stderr'>): string {
  const lines = (stderr.trim() === '' ? stdout : stderr).trimEnd().split('\n');
  return [what, ...lines.slice(-LAST_LINES)].filter((line) => line !== '').join('\n');
}
