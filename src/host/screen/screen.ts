/** A virtual machine's screen, keyboard and pointer, through QEMU's control interface. */
import { readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { QemuKey } from './keyboard.js';
import { type Picture, parsePpm } from './picture.js';
import { Qmp } from './qmp.js';

/** Milliseconds between keys: without KVM a machine needs that long to read one. */
const BETWEEN_KEYS_MS = 60;
/** How long a key is held, in milliseconds; send-key's own default is 100. */
const HOLD_MS = 40;
/** Range of an absolute pointer's positions (qapi/ui.json, InputMoveEvent). */
const POINTS = 0x7fff;
/** Seconds in which QEMU opens its control socket. */
const CONNECT_SECONDS = 10;

const BUTTONS = ['left', 'middle', 'right'] as const;
export type Button = (typeof BUTTONS)[number];

/** A screen, and what can be done with it. */
export type Screen = Pick<QemuScreen, 'picture' | 'press' | 'click' | 'forget'>;

export class QemuScreen {
  #qmp: Promise<Qmp> | undefined;

  /** `socket`: QEMU's; `scratch`: a temporary file for a picture. */
  constructor(
    private readonly socket: string,
    private readonly scratch: string,
  ) {}

  /** The screen's present content. */
  async picture(): Promise<Picture> {
    const file = `${this.scratch}/screen.ppm`;
    await this.#do('screendump', { filename: file });
    try {
      return parsePpm(readFileSync(file));
    } finally {
      rmSync(file, { force: true });
    }
  }

  /** Presses keys together, and releases them. */
  async press(keys: readonly QemuKey[]): Promise<void> {
    await this.#do('send-key', { keys, 'hold-time': HOLD_MS });
    await sleep(HOLD_MS + BETWEEN_KEYS_MS);
  }

  /** Clicks a button of the pointer at a position on the screen. */
  async click(x: number, y: number, button: Button): Promise<void> {
    const { width, height } = await this.picture();
    if (x < 0 || y < 0 || x >= width || y >= height) {
      throw new Error(`the screen has ${width}x${height} pixels: none at ${x},${y}`);
    }
    const at = (axis: 'x' | 'y', value: number, size: number) => ({
      type: 'abs',
      data: { axis, value: Math.round((value * POINTS) / Math.max(1, size - 1)) },
    });
    await this.#input([at('x', x, width), at('y', y, height)]);
    await sleep(BETWEEN_KEYS_MS);
    for (const down of [true, false]) {
      await this.#input([{ type: 'btn', data: { button, down } }]);
      await sleep(BETWEEN_KEYS_MS);
    }
  }

  /** From now on another QEMU runs the machine. */
  forget(): void {
    this.#qmp?.then((qmp) => qmp.close()).catch(() => undefined);
    this.#qmp = undefined;
  }

  #input(events: readonly unknown[]): Promise<unknown> {
    return this.#do('input-send-event', { events });
  }

  async #do(command: string, args: Readonly<Record<string, unknown>>): Promise<unknown> {
    this.#qmp ??= Qmp.connect(this.socket, CONNECT_SECONDS);
    return (await this.#qmp).execute(command, args);
  }
}
