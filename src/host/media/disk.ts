/** Bytes of a device: written at offsets, flushed as they come, and read back past the page cache. */
import { createHash } from 'node:crypto';
import { closeSync, constants, createReadStream, openSync, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { Interrupted, run } from '../sys/run.js';
import type { Piece } from './gpt.js';
import { MIB } from './layout.js';

/** Bytes on their way to the medium at most: progress is then never far from the truth. */
const UNFLUSHED = 32 * MIB;

/** Errors of a device that has gone, or is defective. */
const GONE = ['EIO', 'ENXIO', 'ENODEV', 'EREMOTEIO', 'ENOMEDIUM', 'ETIMEDOUT', 'ENOENT'];

/** The problem of a device that failed; anything else is rethrown. */
export function deviceFailure(path: string, cause: unknown): Problem {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  if (!GONE.includes(code)) throw cause;
  return {
    code: 'medium-write-failed',
    what: 'the device stopped taking data',
    where: path,
    why: message,
    next: 'attach it again and repeat the command; if that fails too, use another device',
  };
}

/** An open file or device that is written in pieces. */
export class Disk {
  private unflushed = 0;

  private constructor(
    readonly path: string,
    private readonly handle: FileHandle,
  ) {}

  static async open(path: string): Promise<Disk> {
    return new Disk(path, await open(path, 'r+'));
  }

  /**
   * Opens a device that nobody else has been given, and keeps it so until it is closed (open(2), O_EXCL): a
   * file system that was mounted since it was looked at is not written to.
   */
  static async openAlone(path: string): Promise<Result<Disk>> {
    try {
      return ok(new Disk(path, await open(path, constants.O_RDWR | constants.O_EXCL)));
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EBUSY') throw cause;
      return err({
        code: 'target-in-use',
        what: 'this disk is in use',
        where: path,
        why: 'it, or a part of it, was mounted or given to another user meanwhile; nothing was written',
        next: 'end that use first',
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.handle.close();
  }

  async write({ at, bytes }: Piece): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.handle.write(
        bytes,
        done,
        Math.min(MIB, bytes.length - done),
        at + done,
      );
      done += bytesWritten;
    }
  }

  /** Counts bytes that somebody wrote; every {@link UNFLUSHED} of them waits until the medium has them. */
  async pace(bytes: number): Promise<void> {
    this.unflushed += bytes;
    if (this.unflushed >= UNFLUSHED) await this.flush();
  }

  async flush(): Promise<void> {
    this.unflushed = 0;
    await this.handle.sync();
  }
}

/** Drops what the page cache has of a device, so that the next reads are the device's own (BLKFLSBUF). */
export async function forgetCache(path: string, signal: AbortSignal): Promise<Result<void>> {
  const done = await run({ file: 'blockdev', args: ['--flushbufs', path] }, { signal });
  return done.ok ? ok() : done;
}

/** Whether a device has these bytes. */
export async function readBack(
  path: string,
  { at, bytes }: Piece,
  signal: AbortSignal,
  onBytes: (bytes: number) => void = () => undefined,
): Promise<Result<void>> {
  if (bytes.length === 0) return ok();
  const wanted = createHash('sha256').update(bytes).digest('hex');
  let found: string;
  try {
    found = await readDigest(path, { at, bytes: bytes.length }, signal, onBytes);
  } catch (cause) {
    if (cause instanceof Interrupted) throw cause;
    return err(deviceFailure(path, cause));
  }
  return wanted === found ? ok() : err(differs(path, `bytes ${at} to ${at + bytes.length}`));
}

/** SHA-256 of bytes of a device. Throws Interrupted, and errors of reading. */
export async function readDigest(
  path: string,
  { at, bytes }: { readonly at: number; readonly bytes: number },
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<string> {
  const hash = createHash('sha256');
  try {
    const range = { start: at, end: at + bytes - 1, highWaterMark: MIB, signal };
    for await (const piece of createReadStream(path, range)) {
      hash.update(piece as Buffer);
      onBytes((piece as Buffer).length);
    }
  } catch (cause) {
    if (signal.aborted) throw new Interrupted();
    throw cause;
  }
  return hash.digest('hex');
}

/** The problem of a device that returns something else than was written. */
export function differs(path: string, what: string): Problem {
  return {
    code: 'medium-differs',
    what: 'the device returns something else than was written to it',
    where: path,
    why: `read back past the page cache, these differ: ${what}`,
    next: 'repeat the command; if it fails again, the device is damaged',
  };
}

/** Bytes of a file up to its last block that is not all zeros. */
export function usedPart(path: string): Buffer {
  const fd = openSync(path, 'r');
  try {
    const pieces: Buffer[] = [];
    let used = 0;
    for (;;) {
      const piece = Buffer.alloc(MIB);
      const length = readSync(fd, piece, 0, MIB, null);
      if (length === 0) break;
      pieces.push(piece.subarray(0, length));
      if (piece.some((byte) => byte !== 0)) used = pieces.length;
    }
    return Buffer.concat(pieces.slice(0, used));
  } finally {
    closeSync(fd);
  }
}
