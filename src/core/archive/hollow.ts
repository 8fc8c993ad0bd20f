/**
 * An archive of files without content: each has its size, and nothing but a hole. In the sparse format of GNU
 * tar (tar(5) of libarchive, "GNU tar archives"), since newc has no holes.
 */
import { concatBytes } from '../text/bytes.js';
import { encodeName } from '../text/path.js';
import { putNumber, sealHeader, TAR_BLOCK, TAR_NAME, tarHeader } from './tar.js';

/** Of GNU tar. */
const MAGIC = 'ustar  \0';

/** A file to create. */
export interface HollowFile {
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since the epoch. */
  readonly mtime: number;
  /** Bytes. */
  readonly size: number;
}

/** The archive, with its end. */
export function hollowArchive(files: readonly HollowFile[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const file of files) {
    const name = encodeName(file.path);
    if (name.length > TAR_NAME) parts.push(longName(name));
    parts.push(sparseHeader(name, file));
  }
  return concatBytes([...parts, new Uint8Array(2 * TAR_BLOCK)]);
}

/** The record of a name that is too long for a header: its content, ended by a NUL. */
function longName(name: Uint8Array): Uint8Array {
  const none = { mode: 0, uid: 0, gid: 0, mtime: 0 };
  const size = name.length + 1;
  const head = tarHeader(encodeName('././@LongLink'), { ...none, size, type: 'L', magic: MAGIC });
  const content = new Uint8Array(Math.ceil(size / TAR_BLOCK) * TAR_BLOCK);
  content.set(name);
  return concatBytes([sealHeader(head), content]);
}

function sparseHeader(name: Uint8Array, { size, ...file }: HollowFile): Uint8Array {
  const head = tarHeader(name.subarray(0, TAR_NAME), { ...file, size: 0, type: 'S', magic: MAGIC });
  // One piece of no bytes, at the end; the size follows.
  putNumber(head, 386, 12, size);
  putNumber(head, 398, 12, 0);
  putNumber(head, 483, 12, size);
  return sealHeader(head);
}
