/** Reads an image record by record, without unpacking or mounting it. */

import { closeSync, openSync, readSync } from 'node:fs';
import { ArchiveParser, type ArchiveReader } from '../../core/archive/parser.js';
import type { ImageFormat } from '../../core/contract.js';
import { readErofs } from '../../core/image/erofs/reader.js';
import { damaged, unreadable } from '../../core/image/problems.js';
import { err, ok, type Result } from '../../core/result.js';
import { failure, Interrupted, start } from '../sys/run.js';

export interface ReadOptions extends ArchiveReader {
  readonly signal?: AbortSignal | undefined;
}

/** Reads the content of an image; for a file system no file contents, whatever the reader accepts. */
export async function readRecords(
  path: string,
  format: ImageFormat,
  options: ReadOptions,
): Promise<Result<void>> {
  return format === 'erofs' ? readFileSystem(path, options) : readArchive(path, options);
}

const NEXT = 'copy or build it again';

/** Reads the content of a file system. */
export function readFileSystem(path: string, reader: ArchiveReader): Result<void> {
  const fd = openSync(path, 'r');
  try {
    const wrong = readErofs((offset, length) => {
      const buffer = Buffer.alloc(length);
      return buffer.subarray(0, readSync(fd, buffer, 0, length, offset));
    }, reader);
    if (wrong === undefined) return ok();
    return err(damaged(wrong, { where: path, next: NEXT }));
  } finally {
    closeSync(fd);
  }
}

/** Reads the whole archive; fails if it is truncated, damaged or not a newc archive in zstd. */
async function readArchive(path: string, options: ReadOptions): Promise<Result<void>> {
  const command = { file: 'zstd', args: ['-q', '-dc', '--', path] };
  const zstd = start(command, { stdout: 'pipe', signal: options.signal });
  const { stdout } = zstd;
  if (stdout === null) throw new Error('zstd was started without a pipe');
  const parser = new ArchiveParser(options);
  let wrong: string | undefined;
  for await (const chunk of stdout) {
    wrong ??= parser.take(chunk as Uint8Array);
    if (wrong !== undefined) zstd.kill();
  }
  const ended = await zstd.ended;
  if (options.signal?.aborted) throw new Interrupted();
  if (!ended.ok) return ended;
  if (wrong === undefined && ended.value.exitCode !== 0) {
    const why = failure(command, ended.value).why ?? '';
    return err(unreadable(path, why, NEXT));
  }
  wrong ??= parser.end();
  return wrong === undefined ? ok() : err(damaged(wrong, { where: path, next: NEXT }));
}
