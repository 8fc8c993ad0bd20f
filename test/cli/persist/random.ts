/** Numbers and names by chance, repeatable by a seed. */

export class Chance {
  constructor(private state: number) {}

  /** 0 to `below` - 1 (mulberry32). */
  number(below: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  }

  pick<T>(of: readonly T[]): T {
    return of[this.number(of.length)] as T;
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    for (let i = 0; i < length; i++) bytes[i] = this.number(256);
    return bytes;
  }
}

/** Few enough that they meet again and again, and among them what tools stumble over. */
export const NAMES: readonly Buffer[] = [
  ...[
    'a',
    'b',
    'c',
    'd',
    'folder',
    '-rf',
    'sp ace',
    'end ',
    '#x',
    '"q"',
    'back\\slash',
    '.hidden',
    'TRAILER!!!',
  ],
  ...['ü€😀', 'new\nline', 'x'.repeat(200), '*', 'cr\r', '$HOME'],
]
  .map((name) => Buffer.from(name))
  .concat([Buffer.from([0xff, 0xfe]), Buffer.from([0x61, 0xc3]), Buffer.from([0xed, 0xb2, 0x80])]);
