/** The host's end of the agent inside a machine: one command at a time, each with a time limit. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Running } from '../sys/run.js';
import { parseAgentLine, type Reply, request, runRequest, type Verb } from './protocol.js';

/** Thrown when the machine can no longer run commands; the message is the reason. */
export class MachineLost extends Error {
  override readonly name = 'MachineLost';
}

export interface Limits {
  /** Seconds after which the command is killed. */
  readonly seconds?: number | undefined;
  /** Kills the command when aborted. */
  readonly signal: AbortSignal;
}

/** How a command ended: by itself, or killed at its time limit. */
export interface Ended extends Reply {
  readonly killed: boolean;
}

/** The longest timeout of a Node.js timer: longer ones would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;
/** Seconds that a killed command may take to exit. */
const KILL_SECONDS = 60;

export class Agent {
  #last = 0;
  #lost: string | undefined;
  #rest = '';
  #waiting: { readonly id: number; readonly resolve: (reply: Reply) => void } | undefined;
  readonly #ready = deferred<void>();
  readonly #gone = deferred<void>();

  constructor(private readonly qemu: Pick<Running, 'stdin' | 'stdout'>) {
    qemu.stdout?.setEncoding('latin1').on('data', (text: string) => this.#take(text));
    // Writing fails once QEMU has ended, which is reported elsewhere.
    qemu.stdin?.on('error', () => undefined);
  }

  /** Why the machine is lost; `undefined`: it is not. */
  get lost(): string | undefined {
    return this.#lost;
  }

  /** Gives up on the machine: whatever waits for it fails. */
  lose(why: string): void {
    this.#lost ??= why;
    this.#gone.resolve();
  }

  /** Waits for the agent. False: not in time, or the machine was lost. */
  async ready(seconds: number): Promise<boolean> {
    using time = timer(seconds);
    await Promise.race([this.#ready.promise, this.#gone.promise, time.up]);
    return this.#lost === undefined && this.#ready.done;
  }

  /** Sends a request that has no answer. */
  tell(verb: Verb): void {
    this.qemu.stdin?.write(request(this.#last, verb));
  }

  /** Runs a command to its end. Throws {@link MachineLost}. The one before it must have ended. */
  async run(command: string, { seconds, signal }: Limits): Promise<Ended> {
    if (this.#lost !== undefined) throw new MachineLost(this.#lost);
    const id = ++this.#last;
    const answered = new Promise<Reply>((resolve) => {
      this.#waiting = { id, resolve };
    });
    this.qemu.stdin?.write(runRequest(id, command));
    using time = timer(seconds);
    using stop = aborted(signal);
    const reply = await Promise.race([answered, this.#gone.promise, time.up, stop.aborted]);
    if (reply !== undefined) return { ...reply, killed: false };
    return { ...(await this.#kill(answered)), killed: true };
  }

  /** The command may not have started yet: repeated until it has ended. */
  async #kill(answered: Promise<Reply>): Promise<Reply> {
    for (let i = 0; i < KILL_SECONDS && this.#lost === undefined; i++) {
      this.tell('kill');
      const reply = await Promise.race([answered, this.#gone.promise, sleep(1000)]);
      if (reply !== undefined) return reply;
    }
    this.lose('the machine does not answer');
    throw new MachineLost(this.#lost);
  }

  #take(text: string): void {
    const parts = text.split('\n');
    parts[0] = this.#rest + parts[0];
    this.#rest = parts.pop() ?? '';
    for (const line of parts) this.#takeLine(line);
  }

  #takeLine(text: string): void {
    const line = parseAgentLine(text);
    if (line.type === 'ready') this.#ready.resolve();
    if (line.type === 'reply' && line.id === this.#waiting?.id) this.#waiting.resolve(line.reply);
  }
}

/** A promise settled from outside. */
function deferred<T>(): { promise: Promise<T>; done: boolean; resolve: (value: T) => void } {
  let settle: (value: T) => void = () => undefined;
  const out = {
    promise: new Promise<T>((resolve) => {
      settle = resolve;
    }),
    done: false,
    resolve(value: T): void {
      out.done = true;
      settle(value);
    },
  };
  return out;
}

/** A promise that resolves after the seconds; without seconds, never. */
export function timer(seconds: number | undefined): { readonly up: Promise<undefined> } & Disposable {
  let handle: NodeJS.Timeout | undefined;
  const up = new Promise<undefined>((resolve) => {
    if (seconds !== undefined)
      handle = setTimeout(() => resolve(undefined), Math.min(seconds * 1000, LONGEST_MS));
  });
  return { up, [Symbol.dispose]: () => clearTimeout(handle) };
}

/** A promise that resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): { readonly aborted: Promise<undefined> } & Disposable {
  let tell = (): void => undefined;
  const done = new Promise<undefined>((resolve) => {
    tell = () => resolve(undefined);
    if (signal.aborted) tell();
    else signal.addEventListener('abort', tell, { once: true });
  });
  return { aborted: done, [Symbol.dispose]: () => signal.removeEventListener('abort', tell) };
}
