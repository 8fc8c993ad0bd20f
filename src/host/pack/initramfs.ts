/** Pack the initramfs: one plain newc archive in one zstd frame, since the kernel refuses anything behind it. */
import { closeSync, openSync } from 'node:fs';
import { newcTrailer } from '../../core/cpio.js';
import { err, ok, type Result } from '../../core/result.js';
import { archiveChunks, TreeChanged } from './archive.js';
import { compressFrames, FRAME_LIMIT } from './compress.js';
import type { Plan } from './plan.js';

export interface PackInitramfsOptions {
  readonly root: string;
  readonly plan: Plan;
  /** zstd level, 1 to 19: the kernel's decompressor takes windows up to 8 MiB for sure. */
  readonly level: number;
  readonly threads: number;
  /** The file to make; must not exist. The caller publishes it. */
  readonly target: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (bytes: number) => void;
}

/** Make the file. Resolves to its size in bytes. */
export async function packInitramfs(options: PackInitramfsOptions): Promise<Result<number>> {
  const { root, plan } = options;
  const trailer = newcTrailer();
  const total = plan.bytes + trailer.length;
  if (total > FRAME_LIMIT) {
    return err({
      what: 'the initramfs is too large',
      where: root,
      why: `${total} bytes unpacked`,
      next: 'leave out modules',
    });
  }
  function* chunks(): Generator<Uint8Array> {
    yield* archiveChunks(
      root,
      plan.segments.flatMap((segment) => segment.records),
    );
    yield trailer;
  }
  const fd = openSync(options.target, 'ax', 0o644);
  try {
    let packed = 0;
    const frames = await compressFrames(chunks(), total, fd, {
      level: options.level,
      threads: options.threads,
      signal: options.signal,
      onBytes: (bytes) => {
        packed += bytes;
        options.onProgress?.(packed);
      },
    });
    return frames.ok ? ok(frames.value.reduce((sum, frame) => sum + frame.size, 0)) : frames;
  } catch (cause) {
    if (!(cause instanceof TreeChanged)) throw cause;
    return err({ what: 'cannot pack the initramfs', why: cause.message, next: 'build again' });
  } finally {
    closeSync(fd);
  }
}
