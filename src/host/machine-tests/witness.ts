/** What QEMU knows of a machine whose console may print nothing: why it went off, and its screen. */
import { rmSync } from 'node:fs';
import type { MachineWitness } from '../qemu/guest-test.js';
import { Qmp } from '../screen/qmp.js';
import { QemuScreen } from '../screen/screen.js';
import { type Owner, writeFileWhole } from '../sys/files.js';

/** Seconds in which QEMU opens its control socket. */
const CONNECT_SECONDS = 10;

export interface WitnessOptions {
  /** QEMU's control socket; it serves one at a time. */
  readonly socket: string;
  readonly scratch: string;
  /** File for the picture, as PNG; an older one is removed. */
  readonly picture: string;
  readonly owner?: Owner | undefined;
}

export class Witness implements MachineWitness {
  #reason: string | undefined;
  #qmp: Qmp | undefined;

  constructor(private readonly options: WitnessOptions) {
    rmSync(options.picture, { force: true });
  }

  async watchShutdown(): Promise<void> {
    const heard = (event: string, data: Readonly<Record<string, unknown>>): void => {
      if (event === 'SHUTDOWN') this.#reason ??= String(data.reason);
    };
    // A machine that is off already says nothing any more.
    this.#qmp = await Qmp.connect(this.options.socket, CONNECT_SECONDS, heard).catch(() => undefined);
  }

  get poweredOff(): boolean {
    // qemu-qmp-ref(7), ShutdownCause: the guest's own request, by ACPI.
    return this.#reason === 'guest-shutdown';
  }

  async picture(): Promise<string | undefined> {
    const { socket, scratch, picture, owner } = this.options;
    const screen = new QemuScreen(socket, scratch);
    try {
      writeFileWhole(picture, (await screen.picture()).png(), owner);
      return picture;
    } catch {
      return undefined;
    } finally {
      screen.forget();
    }
  }

  [Symbol.dispose](): void {
    this.#qmp?.close();
  }
}
