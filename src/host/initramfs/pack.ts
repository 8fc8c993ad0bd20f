/**
 * Packs the initramfs: one plain newc archive in one zstd frame, since the kernel refuses anything behind it.
 */
import { unlinkSync } from 'node:fs';
import { newcTrailer } from '../../core/archive/cpio.js';
import type { Plan } from '../../core/image/archive-plan.js';
import type { Result } from '../../core/result.js';
import { archiveChunks } from '../pack/archive.js';
import { compressFile, RawFile } from '../pack/compress.js';
import { problemOf } from '../pack/failed.js';

export interface PackInitramfsOptions {
  readonly root: string;
  readonly plan: Plan;
  /** zstd level, 1 to 19: the kernel's decompressor accepts windows up to 8 MiB for certain. */
  readonly level: number;
  /** The words that start zstd; absent: that of this host. */
  readonly zstd?: readonly string[] | undefined;
  readonly threads: number;
  /**
   * The file to create; neither it nor the same name with `.raw` appended may exist. The caller publishes it.
   */
  readonly target: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (bytes: number) => void;
}

/** Creates the file. Resolves to its size in bytes. */
export async function packInitramfs(options: PackInitramfsOptions): Promise<Result<number>> {
  const { root, plan, level, zstd, threads, signal } = options;
  const raw = new RawFile(`${options.target}.raw`);
  try {
    const records = plan.segments.flatMap((segment) => segment.records);
    for (const chunk of archiveChunks(root, records)) {
      await raw.write(chunk, signal);
      options.onProgress?.(raw.bytes);
    }
    await raw.write(newcTrailer(), signal);
    return await compressFile(raw.path, options.target, { level, zstd, threads, signal });
  } catch (cause) {
    return problemOf(cause);
  } finally {
    raw.close();
    unlinkSync(raw.path);
  }
}
