/** Reading that may fail, for readers of a format that only know of bytes. */

/** Reads `length` bytes at `offset` of an image; fewer only where the file ends. */
export type ReadAt = (offset: number, length: number) => Uint8Array;

export interface WatchedReads {
  readonly read: ReadAt;
  /** Whether bytes did not come that the file has: then what a reader made of the others is no fault of the file. */
  readonly failed: () => boolean;
}

/** Reads of a file of `size` bytes; `undefined` where one fails. */
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

/** What is told of such a failure. */
export const FEWER_BYTES = 'fewer bytes were read than the file has';
