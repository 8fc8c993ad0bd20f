/** A folder of images, as its reader presents it: host and machine each have one such reader. */
import { type ImageInfo, readImageInfo } from '../image/image.js';
import type { Manifest } from '../image/manifest.js';
import { watchReads } from '../image/reads.js';
import type { Result } from '../result.js';
import { BASE_NAMES, type BaseChoice, chooseBase } from './base.js';

export interface FolderReader {
  /** Names of all that is in it. */
  readonly names: readonly string[];
  /** Bytes of a regular file; `undefined` where it is none, or cannot be opened. */
  readonly size: (file: string) => number | undefined;
  /** Bytes of a file, fewer where it ends; `undefined` where it cannot be read. */
  readonly read: (file: string, offset: number, length: number) => Uint8Array | undefined;
}

/** The file that is the base of a folder. `read` is asked only where there is a choice. */
export function baseIn(
  names: readonly string[],
  read: (file: string) => Result<{ readonly manifest?: Manifest }>,
): BaseChoice<string> {
  return chooseBase(
    BASE_NAMES.filter((name) => names.includes(name)),
    read,
  );
}

/** What a file says about itself; `undefined` where it cannot be read whole. */
export function readInfoIn(
  folder: Pick<FolderReader, 'read'>,
  file: string,
  bytes: number,
): Result<ImageInfo> | undefined {
  const { read, failed } = watchReads(bytes, (offset, length) => folder.read(file, offset, length));
  const info = readImageInfo(read, bytes);
  return failed() ? undefined : info;
}
