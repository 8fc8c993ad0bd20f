/** A line that is typed without being shown: one asterisk for each character. Pure. */

/** Most bytes of a passphrase that cryptsetup(8) accepts at a prompt ("NOTES ON PASSPHRASE PROCESSING"). */
const LONGEST = 512;

const BELL = '\x07';
const ERASE = '\b \b';

const KEY = {
  interrupt: 0x03,
  backspace: 0x08,
  newline: 0x0a,
  return: 0x0d,
  eraseLine: 0x15,
  escape: 0x1b,
  space: 0x20,
  delete: 0x7f,
} as const;

/** What keys did: what to print, and whether the line is complete or was given up. */
export interface Typed {
  readonly echo: string;
  readonly end?: 'line' | 'interrupt';
}

/** A line being typed. Bytes of UTF-8 count as one character; cursor and function keys do nothing. */
export class SecretLine {
  #bytes: number[] = [];
  /** Within an escape sequence: what has come of it. */
  #escape: 'none' | 'begun' | 'inside' = 'none';

  /** The bytes typed so far. */
  get bytes(): Uint8Array {
    return new Uint8Array(this.#bytes);
  }

  clear(): void {
    this.#bytes.fill(0);
    this.#bytes = [];
  }

  /** Takes bytes from the terminal. What follows the end of the line is dropped. */
  feed(typed: Uint8Array): Typed {
    let echo = '';
    for (const byte of typed) {
      if (this.#inEscape(byte)) continue;
      if (byte === KEY.newline || byte === KEY.return) return { echo, end: 'line' };
      if (byte === KEY.interrupt) return { echo, end: 'interrupt' };
      if (byte === KEY.backspace || byte === KEY.delete) echo += this.#erase();
      else if (byte === KEY.eraseLine) while (this.#bytes.length > 0) echo += this.#erase();
      else if (byte >= KEY.space) echo += this.#add(byte);
    }
    return { echo };
  }

  #add(byte: number): string {
    if (this.#bytes.length >= LONGEST) return BELL;
    this.#bytes.push(byte);
    return continues(byte) ? '' : '*';
  }

  /** Removes the last character. */
  #erase(): string {
    if (this.#bytes.length === 0) return '';
    while (continues(this.#bytes.at(-1) ?? 0) && this.#bytes.length > 1) this.#bytes.pop();
    this.#bytes.pop();
    return ERASE;
  }

  /**
   * Whether a byte belongs to an escape sequence (ECMA-48): ESC, then one character, or [ or O up to a final
   * one.
   */
  #inEscape(byte: number): boolean {
    if (byte === KEY.escape) {
      this.#escape = 'begun';
      return true;
    }
    if (this.#escape === 'none') return false;
    if (this.#escape === 'begun') this.#escape = byte === 0x5b || byte === 0x4f ? 'inside' : 'none';
    else if (byte >= 0x40 && byte <= 0x7e) this.#escape = 'none';
    return true;
  }
}

/** Whether a byte continues a character of UTF-8. */
function continues(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
