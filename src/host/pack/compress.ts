/**
 * Compresses content into zstd frames through a file: zstd reads it at its own pace, and nothing waits for a
 * pipe.
 */
import { closeSync, ftruncateSync, openSync, statSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { ok, type Result } from '../../core/result.js';
import { writeAll } from '../sys/files.js';
import { failure, Interrupted, start } from '../sys/run.js';

/**
 * A file for content on its way to zstd. It is overwritten repeatedly: its pages stay in memory, and the
 * kernel rarely writes them out.
 */
export class RawFile {
  private readonly fd: number;
  /** Bytes written since the last {@link begin}. */
  bytes = 0;

  /** Creates the file, which must not exist. */
  constructor(readonly path: string) {
    this.fd = openSync(path, 'wx', 0o600);
  }

  /** Starts over. */
  begin(): void {
    this.bytes = 0;
  }

  /** Appends, then yields to the event loop, for signals and for programs that ended. */
  async write(chunk: Uint8Array, signal?: AbortSignal): Promise<void> {
    writeAll(this.fd, chunk, this.bytes);
    this.bytes += chunk.length;
    await setImmediate();
    if (signal?.aborted) throw new Interrupted();
  }

  /** Cuts off the rest of earlier content. */
  end(): void {
    ftruncateSync(this.fd, this.bytes);
  }

  close(): void {
    closeSync(this.fd);
  }
}

export interface CompressOptions {
  /** zstd level, 1 to 19. */
  readonly level: number;
  /** The words that start zstd; absent: that of this host. */
  readonly zstd?: readonly string[] | undefined;
  /** Threads that share the work: the bytes do not depend on their number. */
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Compresses the file `from` into the new file `to`, as one frame with content size and checksum. Resolves to
 * its size.
 */
export async function compressFile(
  from: string,
  to: string,
  options: CompressOptions,
): Promise<Result<number>> {
  const [file = '', ...words] = options.zstd ?? ['zstd'];
  const args = [...words, '-q', `-${options.level}`, `-T${options.threads}`, '--check', '-o', to, '--', from];
  const command = { file, args, name: 'zstd' };
  const ended = await start(command, { signal: options.signal }).ended;
  if (options.signal?.aborted) throw new Interrupted();
  if (!ended.ok) return ended;
  if (ended.value.exitCode !== 0) return { ok: false, problem: failure(command, ended.value) };
  return ok(statSync(to).size);
}
