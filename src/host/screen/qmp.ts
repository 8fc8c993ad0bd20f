/** QEMU's control interface: QMP over a socket (qemu-qmp-ref(7)). One command at a time. */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Pause between attempts to reach a QEMU that was just started. */
const PAUSE_MS = 100;

interface Message {
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
  readonly event?: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (cause: Error) => void;
}

/** Gets each event, such as SHUTDOWN, with its data. */
export type OnEvent = (event: string, data: Readonly<Record<string, unknown>>) => void;

export class Qmp {
  readonly #waiting: Waiting[] = [];
  #rest = '';

  private constructor(
    private readonly socket: Socket,
    private readonly onEvent: OnEvent,
  ) {
    socket.setEncoding('utf8').on('data', (text: string) => this.#take(text));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error('QEMU has ended'));
    });
  }

  /**
   * Connects to a QEMU that was started with this socket, waiting for it. Throws if it does not appear in
   * time.
   */
  static async connect(path: string, seconds: number, onEvent: OnEvent = () => undefined): Promise<Qmp> {
    const until = performance.now() + seconds * 1000;
    for (;;) {
      try {
        const qmp = new Qmp(await opened(path), onEvent);
        await qmp.execute('qmp_capabilities');
        return qmp;
      } catch (cause) {
        if (performance.now() > until) throw new Error(`cannot reach QEMU: ${(cause as Error).message}`);
        await sleep(PAUSE_MS);
      }
    }
  }

  /** Runs a command; resolves to its result, throws QEMU's message if it fails. */
  execute(command: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.socket.destroyed) return reject(new Error('QEMU has ended'));
      this.#waiting.push({ resolve, reject });
      this.socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    });
  }

  close(): void {
    this.socket.destroy();
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const message = JSON.parse(line) as Message;
      // The greeting is none of them.
      if (message.error !== undefined) this.#waiting.shift()?.reject(new Error(message.error.desc));
      else if ('return' in message) this.#waiting.shift()?.resolve(message.return);
      else if (message.event !== undefined) this.onEvent(message.event, message.data ?? {});
    }
  }
}

function opened(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });
}
