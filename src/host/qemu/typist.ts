/**
 * The serial console of an encrypted machine that nobody watches: keeps what it prints in a file, and types
 * the passphrase when early boot asks for it.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { WRONG_PASSPHRASE } from '../../core/contract.js';

/** Milliseconds between attempts to reach a QEMU that starts. */
const PAUSE = 50;

/** The end of early boot's question. */
const QUESTION = /mkma: passphrase(?: \(keyboard: [^)]*\))?: $/;

/** Most characters that a question can be split over. */
const TAIL = 200;

export class Typist implements Disposable {
  readonly #fd: number;
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #tail = '';
  #over = false;

  /** `socket`: where QEMU will listen, at each start of the machine; `file`: gets what is printed. */
  constructor(
    private readonly socket: string,
    file: string,
    private readonly passphrase: Uint8Array,
  ) {
    this.#fd = openSync(file, 'a');
    this.#connect();
  }

  [Symbol.dispose](): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#socket?.destroy();
    closeSync(this.#fd);
  }

  #connect(): void {
    const socket = connect(this.socket);
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => this.#take(bytes, socket));
    socket.on('error', () => undefined);
    // QEMU is not there yet, or the machine starts again.
    socket.on('close', () => {
      if (!this.#over) this.#timer = setTimeout(() => this.#connect(), PAUSE);
    });
  }

  #take(bytes: Buffer, socket: Socket): void {
    writeSync(this.#fd, bytes);
    this.#tail = (this.#tail + bytes.toString('latin1')).slice(-TAIL);
    // A wrong one ends the boot: see protocol.ts.
    if (this.#tail.includes(WRONG_PASSPHRASE) || !QUESTION.test(this.#tail)) return;
    this.#tail = '';
    socket.write(Buffer.concat([this.passphrase, Buffer.from('\r')]));
  }
}
