/** Read an archive record by record out of its compressed file, without unpacking it. */
import { ArchiveParser, type ArchiveReader } from '../../core/archive-parser.js';
import { err, ok, type Result } from '../../core/result.js';
import { failure, Interrupted, start } from '../sys/run.js';

export interface ReadArchiveOptions extends ArchiveReader {
  readonly signal?: AbortSignal | undefined;
}

/** Read the whole archive; fails where it is truncated, damaged or no newc archive in zstd. */
export async function readArchive(path: string, options: ReadArchiveOptions): Promise<Result<void>> {
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
  const next = 'copy or build it again';
  if (wrong === undefined && ended.value.exitCode !== 0) {
    const why = failure(command, ended.value).why ?? '';
    return err({ what: 'cannot read the image', where: path, why, next });
  }
  wrong ??= parser.end();
  return wrong === undefined ? ok() : err({ what: 'the image is damaged', where: path, why: wrong, next });
}
