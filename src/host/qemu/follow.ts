/** Reads a file line by line while another program still writes it: a serial port's log. */
import { closeSync, openSync, readSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 100;

/** Escape sequences (ECMA-48 CSI, OSC) and carriage returns, of which a console log is full. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is to be removed.
const CONTROL = /\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_a-z]|[\r\x07]/g;

/** A console's line as plain text. */
export function plainLine(line: string): string {
  return line.replace(CONTROL, '').trimEnd();
}

/** A growing file that is read in steps. It need not exist yet. */
export class Follower {
  #fd: number | undefined;
  #rest = '';
  readonly #decoder = new TextDecoder();
  readonly #buffer = new Uint8Array(65536);

  constructor(readonly file: string) {}

  /** Complete lines since the last call, as plain text. */
  read(): string[] {
    if (this.#fd === undefined) {
      try {
        this.#fd = openSync(this.file, 'r');
      } catch {
        return [];
      }
    }
    const lines: string[] = [];
    for (;;) {
      const count = readSync(this.#fd, this.#buffer);
      if (count === 0) return lines;
      this.#rest += this.#decoder.decode(this.#buffer.subarray(0, count), { stream: true });
      const parts = this.#rest.split('\n');
      this.#rest = parts.pop() ?? '';
      lines.push(...parts.map(plainLine));
    }
  }

  /** What follows the last complete line: a prompt, or a partial line. */
  get pending(): string {
    return plainLine(this.#rest);
  }

  [Symbol.dispose](): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

/** How {@link poll} ended. */
export type PollEnd<T> = { readonly by: 'found'; readonly value: T } | { readonly by: 'end' | 'deadline' };

/**
 * Calls `look` about ten times a second until it finds something, `ended` settles, or the deadline (of
 * `performance.now()`) passes. After the end `look` is called once more, for the last output.
 */
export async function poll<T>(
  look: () => T | undefined,
  ended: Promise<unknown>,
  deadline: number,
): Promise<PollEnd<T>> {
  let over = false;
  const end = ended.then(() => {
    over = true;
  });
  for (;;) {
    const wasOver = over;
    const value = look();
    if (value !== undefined) return { by: 'found', value };
    if (wasOver) return { by: 'end' };
    if (performance.now() >= deadline) return { by: 'deadline' };
    await Promise.race([end, sleep(POLL_MS)]);
  }
}
