/** Read an archive record by record out of its compressed file, without unpacking it. */
import {
  archivePath,
  NEWC_HEADER_SIZE,
  newcPadding,
  type ParsedNewcHeader,
  parseNewcHeader,
  TRAILER,
} from '../../core/cpio.js';
import { decodeName } from '../../core/path.js';
import { err, ok, type Result } from '../../core/result.js';
import { failure, Interrupted, start } from '../sys/run.js';

export interface ArchiveRecord extends ParsedNewcHeader {
  readonly path: string;
  /** The data of records that `want` asked for. */
  readonly data?: Buffer;
}

export interface ReadArchiveOptions {
  readonly signal?: AbortSignal | undefined;
  /** Whether a record's data is to be kept (it is passed over otherwise). */
  readonly want?: (path: string, header: ParsedNewcHeader) => boolean;
  readonly onRecord: (record: ArchiveRecord) => void;
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
    wrong ??= parser.take(chunk as Buffer);
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

/** Takes an uncompressed archive in pieces of any size, and tells of its records. */
export class ArchiveParser {
  private buffer: Buffer = Buffer.alloc(0);
  private skip = 0;
  private ended = false;

  constructor(private readonly options: ReadArchiveOptions) {}

  /** What is wrong with the archive, if anything. */
  take(chunk: Buffer): string | undefined {
    if (this.ended) return undefined;
    let piece = chunk;
    if (this.skip > 0) {
      const passed = Math.min(this.skip, piece.length);
      this.skip -= passed;
      piece = piece.subarray(passed);
    }
    this.buffer = this.buffer.length === 0 ? piece : Buffer.concat([this.buffer, piece]);
    while (this.skip === 0 && !this.ended && this.buffer.length >= NEWC_HEADER_SIZE) {
      const header = parseNewcHeader(this.buffer);
      if (header === undefined) return 'it is no newc archive, or damaged';
      const head = NEWC_HEADER_SIZE + header.nameSize;
      const dataAt = head + newcPadding(head);
      if (this.buffer.length < dataAt) break;
      const name = decodeName(this.buffer.subarray(NEWC_HEADER_SIZE, head - 1));
      if (name === TRAILER) {
        this.ended = true;
        break;
      }
      if (!this.record(header, archivePath(name), dataAt)) break;
    }
    return undefined;
  }

  /** False where more bytes are needed first. */
  private record(header: ParsedNewcHeader, path: string, dataAt: number): boolean {
    const end = dataAt + header.size + newcPadding(header.size);
    const wanted = this.options.want?.(path, header) === true;
    if (wanted && this.buffer.length < end) return false;
    const data = wanted ? Buffer.from(this.buffer.subarray(dataAt, dataAt + header.size)) : undefined;
    this.options.onRecord({ ...header, path, ...(data === undefined ? {} : { data }) });
    this.skip = Math.max(0, end - this.buffer.length);
    this.buffer = this.buffer.subarray(Math.min(end, this.buffer.length));
    return true;
  }

  end(): string | undefined {
    return this.ended ? undefined : 'it ends before its trailer';
  }
}
