/** Reads that may fail, for parsers that only know of bytes. */

/** Reads `length` bytes at `offset` of an image; fewer only at the end of the file. */
export type ReadAt = (offset: number, length: number) => Uint8Array;

export interface WatchedReads {
  readonly read: ReadAt;
  /** Whether a read returned fewer bytes than the file has: then a parse error is not the file's. */
  readonly failed: () => boolean;
}

/** Reads from a file of `size` bytes; `undefined` if one fails. */
export function watchReads(
  size: number,
  read: (offset: number, length: number) => Uint8Array | undefined,
): WatchedReads {
  let failed = false;
  return {
    read: (offset, length) => {
      const bytes = read(offset, length) ?? new Uint8Array(0);
      failed ||= bytes.length < Math.min(length, size - offset);
      return bytes;
    },
    failed: () => failed,
  };
}

/** The cause to report for such a failure. */
export const FEWER_BYTES = 'fewer bytes were read than the file has';
