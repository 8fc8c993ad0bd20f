/**
 * An archive of files without content: each has its size, and nothing but a hole. In the sparse format of GNU
 * tar (tar(5) of libarchive, "GNU tar archives"), since newc has no holes.
 */
import { concatBytes } from '../text/bytes.js';
import { encodeName } from '../text/path.js';

const BLOCK = 512;
/** Longest name in a header; a longer one is in a record of its own before it. */
const NAME = 100;

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
    if (name.length > NAME) parts.push(longName(name));
    parts.push(sparseHeader(name, file));
  }
  return concatBytes([...parts, new Uint8Array(2 * BLOCK)]);
}

/** The record of a name that is too long for a header: its content, ended by a NUL. */
function longName(name: Uint8Array): Uint8Array {
  const none = { mode: 0, uid: 0, gid: 0, mtime: 0 };
  const size = name.length + 1;
  const head = header(encodeName('././@LongLink'), { ...none, size, type: 'L' });
  const content = new Uint8Array(Math.ceil(size / BLOCK) * BLOCK);
  content.set(name);
  return concatBytes([seal(head), content]);
}

function sparseHeader(name: Uint8Array, { size, ...file }: HollowFile): Uint8Array {
  const head = header(name.subarray(0, NAME), { ...file, size: 0, type: 'S' });
  // One piece of no bytes, at the end; the size follows.
  putNumber(head, 386, 12, size);
  putNumber(head, 398, 12, 0);
  putNumber(head, 483, 12, size);
  return seal(head);
}

function header(name: Uint8Array, file: Omit<HollowFile, 'path'> & { readonly type: string }): Uint8Array {
  const head = new Uint8Array(BLOCK);
  head.set(name);
  putNumber(head, 100, 8, file.mode);
  putNumber(head, 108, 8, file.uid);
  putNumber(head, 116, 8, file.gid);
  putNumber(head, 124, 12, file.size);
  putNumber(head, 136, 12, file.mtime);
  head[156] = file.type.charCodeAt(0);
  head.set(encodeName('ustar  '), 257);
  return head;
}

/** An octal number with a NUL, or, if it is too large, a binary one (big endian, the first bit set). */
function putNumber(head: Uint8Array, at: number, length: number, value: number): void {
  const octal = value.toString(8);
  if (octal.length < length) {
    head.set(encodeName(octal.padStart(length - 1, '0')), at);
    return;
  }
  let left = value;
  for (let i = length - 1; i > 0; i--) {
    head[at + i] = left % 256;
    left = Math.floor(left / 256);
  }
  head[at] = 0x80;
}

/** Parts of a header that are not empty: up to the type, the magic number, and those of sparse files. */
const WRITTEN: readonly (readonly [from: number, to: number])[] = [
  [0, 157],
  [257, 265],
  [386, 410],
  [483, 495],
];

/** Fills in the checksum: the sum of all bytes, with itself as spaces. */
function seal(head: Uint8Array): Uint8Array {
  head.fill(0x20, 148, 156);
  let sum = 0;
  // Everything else is zero.
  for (const [from, to] of WRITTEN) for (let i = from; i < to; i++) sum += head[i] as number;
  head.set(encodeName(`${sum.toString(8).padStart(6, '0')}\0`), 148);
  return head;
}
