/** Assembles a layer's file: head, frames, manifest, seek table. */
import {
  encodeHead,
  encodeManifest,
  encodeSeekTable,
  HEAD_SIZE,
  type SeekEntry,
} from '../../../core/image/image.js';
import type { LayerManifest, Segment } from '../../../core/image/manifest.js';
import type { Problem } from '../../../core/result.js';
import type { RunningSystem } from '../../system.js';
import { WORK } from './work.js';

/** A segment so far. */
interface Assembled {
  /** Where it begins in the file. */
  readonly start: number;
  size: number;
  bytes: number;
  frames: number;
  /** Of the first frame alone. */
  readonly sum: string;
}

export class Assembly {
  /** Bytes of the file so far. */
  total = 0;
  problem: Problem | undefined;
  private readonly assembled: Assembled[] = [];
  private readonly entries: SeekEntry[] = [{ size: HEAD_SIZE, bytes: 0 }];

  /** `target` exists and is empty. */
  constructor(
    private readonly machine: RunningSystem,
    private readonly target: string,
  ) {
    this.bytes(encodeHead());
  }

  /** Appends the next frame, and removes its file. `sum`: its SHA-256 in hexadecimal. */
  frame(
    path: string,
    sum: string,
    { segment, from, to }: { segment: number; from: number; to: number },
  ): void {
    const start = this.total;
    const size = this.append(path);
    this.entries.push({ size, bytes: to - from });
    this.assembled[segment] ??= { start, size: 0, bytes: 0, frames: 0, sum };
    const facts = this.assembled[segment];
    facts.size += size;
    facts.bytes += to - from;
    facts.frames++;
  }

  /** The segments, once all frames are appended. */
  segments(): Omit<Segment, 'records'>[] {
    return this.assembled.map(({ start, size, bytes, frames, sum }) => ({
      ...{ size, bytes, frames },
      sha256: frames === 1 ? sum : this.sumOf(start, size),
    }));
  }

  /** Appends what follows the payload. */
  end(manifest: LayerManifest): void {
    const frame = encodeManifest(manifest);
    this.bytes(frame);
    this.bytes(encodeSeekTable([...this.entries, { size: frame.length, bytes: 0 }]));
  }

  /** SHA-256 of `size` bytes of the file from `start`. */
  private sumOf(start: number, size: number): string {
    const range = ['iflag=skip_bytes,count_bytes', `skip=${start}`, `count=${size}`];
    const read = [
      'sh',
      '-c',
      'dd "$@" | sha256sum',
      'sh',
      `if=${this.target}`,
      'bs=1M',
      'status=none',
      ...range,
    ];
    const { stdout, stderr } = this.machine.run(read);
    // A shell returns the exit code of the last part of a pipe only, but the first part reports every failure
    // on standard error.
    if (stderr !== '') this.problem ??= cannotWrite(stderr.trim());
    return stdout.slice(0, 64);
  }

  private bytes(bytes: Uint8Array): void {
    const piece = `${WORK}/piece`;
    if (!this.machine.write(piece, bytes)) throw new Error(`cannot write ${piece}`);
    this.append(piece);
  }

  /** Appends a file and removes it; returns its size. */
  private append(path: string): number {
    if (this.problem !== undefined) return 0;
    const size = this.machine.info(path)?.size ?? 0;
    const words = this.machine.moveOnto(path, this.target);
    if (words !== undefined) this.problem = cannotWrite(words);
    this.total += size;
    return size;
  }
}

/** The problem of a failed write to the medium. */
export function cannotWrite(words: string): Problem {
  const full = /No space left|Disk quota|File too large/.test(words);
  return {
    code: full ? 'storage-full' : 'storage-not-writable',
    what: full
      ? 'the layer does not fit on the storage device'
      : 'cannot write the layer to the storage device',
    why: words,
    next: full
      ? 'save less, or free some space there; nothing was saved, and what was written was removed'
      : 'check that it is still attached, and see dmesg; nothing was saved',
  };
}
