/** Chunks into zstd frames at the end of an open file. */

import { once } from 'node:events';
import { fstatSync } from 'node:fs';
import { ok, type Result } from '../../core/result.js';
import { failure, start } from '../sys/run.js';

/** Uncompressed bytes of one frame at most: half of what the seekable format allows. */
export const FRAME_LIMIT = 512 * 2 ** 20;

export interface FrameSize {
  readonly size: number;
  readonly bytes: number;
}

export interface CompressOptions {
  /** zstd level, 1 to 19. */
  readonly level: number;
  /** Threads; more than one makes one frame of independent jobs. */
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of bytes just taken in. */
  readonly onBytes?: (bytes: number) => void;
}

/**
 * Compress `chunks`, `total` bytes in all, as one or more frames written to `fd`. Each frame carries its content's size and
 * checksum. Resolves to the frames' sizes, in order.
 */
export async function compressFrames(
  chunks: Iterable<Uint8Array>,
  total: number,
  fd: number,
  options: CompressOptions,
): Promise<Result<FrameSize[]>> {
  const frames: FrameSize[] = [];
  const source = chunks[Symbol.iterator]();
  let left = total;
  let pending: Uint8Array | undefined;
  do {
    const bytes = Math.min(left, FRAME_LIMIT);
    const before = fstatSync(fd).size;
    const frame = openFrame(fd, bytes, options);
    for (let room = bytes; room > 0; ) {
      const chunk = pending ?? nextChunk(source);
      const part = chunk.subarray(0, room);
      pending = part.length < chunk.length ? chunk.subarray(part.length) : undefined;
      room -= part.length;
      await frame.write(part);
      options.onBytes?.(part.length);
    }
    const ended = await frame.end();
    if (!ended.ok) return ended;
    frames.push({ size: fstatSync(fd).size - before, bytes });
    left -= bytes;
  } while (left > 0);
  if (pending !== undefined || source.next().done !== true) throw new Error('more bytes than announced');
  return ok(frames);
}

function nextChunk(source: Iterator<Uint8Array>): Uint8Array {
  const next = source.next();
  if (next.done === true) throw new Error('fewer bytes than announced');
  return next.value;
}

function openFrame(fd: number, bytes: number, options: CompressOptions) {
  const args = ['-q', `-${options.level}`, `-T${options.threads}`, '--check', `--stream-size=${bytes}`, '-c'];
  const command = { file: 'zstd', args };
  const child = start(command, { stdin: 'pipe', stdout: fd, signal: options.signal });
  const { stdin } = child;
  if (stdin === null) throw new Error('zstd was started without a pipe');
  let broken = false;
  stdin.on('error', () => {
    broken = true; // zstd has ended early; its exit status tells why
  });
  return {
    async write(part: Uint8Array): Promise<void> {
      if (broken || stdin.write(part)) return;
      await Promise.race([once(stdin, 'drain').catch(() => undefined), child.ended]);
    },
    async end(): Promise<Result<void>> {
      stdin.end();
      const ended = await child.ended;
      if (!ended.ok) return ended;
      return ended.value.exitCode === 0 ? ok() : { ok: false, problem: failure(command, ended.value) };
    },
  };
}
