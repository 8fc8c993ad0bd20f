/** Reads an archive record by record as it arrives, without unpacking it and without keeping it. */

import { concatBytes } from '../text/bytes.js';
import { decodeName } from '../text/path.js';
import type { FileAttributes } from './attributes.js';
import {
  archivePath,
  NEWC_HEADER_SIZE,
  newcPadding,
  type ParsedNewcHeader,
  parseNewcHeader,
  TRAILER,
} from './cpio.js';

export interface ArchiveRecord extends ParsedNewcHeader {
  readonly path: string;
  /** The data of records that `want` accepted. */
  readonly data?: Uint8Array;
  /** Reads its extended attributes, if the source carries them itself: by default those of the file. */
  readonly attributes?: (wanted?: (name: string) => boolean) => FileAttributes['values'];
}

export interface ArchiveReader {
  /** Whether to keep a record's data (otherwise it is skipped). */
  readonly want?: (path: string, header: ParsedNewcHeader) => boolean;
  readonly onRecord: (record: ArchiveRecord) => void;
  /**
   * Called after `onRecord` with the data of a skipped record, piece by piece: valid only until it returns.
   */
  readonly onData?: (piece: Uint8Array) => void;
}

/** Takes an uncompressed archive in pieces of any size, and reports its records. */
export class ArchiveParser {
  /** The beginning of an incomplete record. */
  private rest: Uint8Array = new Uint8Array(0);
  /** Bytes of data to skip, and of the padding after them. */
  private data = 0;
  private padding = 0;
  private ended = false;

  constructor(private readonly reader: ArchiveReader) {}

  /** Returns what is wrong with the archive, if anything. The piece may be reused afterwards. */
  take(chunk: Uint8Array): string | undefined {
    if (this.ended) return undefined;
    const piece = this.pass(chunk);
    let bytes = this.rest.length === 0 ? piece : concatBytes([this.rest, piece]);
    while (this.data + this.padding === 0 && bytes.length >= NEWC_HEADER_SIZE) {
      const header = parseNewcHeader(bytes);
      if (header === undefined) return 'it is not a newc archive, or is damaged';
      const head = NEWC_HEADER_SIZE + header.nameSize;
      const dataAt = head + newcPadding(head);
      if (bytes.length < dataAt) break;
      const name = decodeName(bytes.subarray(NEWC_HEADER_SIZE, head - 1));
      if (name === TRAILER) {
        this.ended = true;
        return undefined;
      }
      const next = this.record(header, archivePath(name), bytes, dataAt);
      if (next === undefined) break;
      bytes = next;
    }
    this.rest = bytes.slice();
    return undefined;
  }

  /** What follows the record; `undefined` if more bytes are needed first. */
  private record(
    header: ParsedNewcHeader,
    path: string,
    bytes: Uint8Array,
    dataAt: number,
  ): Uint8Array | undefined {
    const end = dataAt + header.size + newcPadding(header.size);
    if (this.reader.want?.(path, header) === true) {
      if (bytes.length < end) return undefined;
      this.reader.onRecord({ ...header, path, data: bytes.slice(dataAt, dataAt + header.size) });
      return bytes.subarray(end);
    }
    this.reader.onRecord({ ...header, path });
    this.data = header.size;
    this.padding = newcPadding(header.size);
    return this.pass(bytes.subarray(dataAt));
  }

  /** Skips data and padding; returns the remaining bytes. */
  private pass(bytes: Uint8Array): Uint8Array {
    const data = Math.min(this.data, bytes.length);
    if (data > 0) this.reader.onData?.(bytes.subarray(0, data));
    this.data -= data;
    const padding = this.data > 0 ? 0 : Math.min(this.padding, bytes.length - data);
    this.padding -= padding;
    return bytes.subarray(data + padding);
  }

  end(): string | undefined {
    return this.ended ? undefined : 'it ends before its trailer';
  }
}
