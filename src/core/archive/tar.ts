/** Headers of tar archives, as all their formats share them (tar(5) of libarchive). */
import { encodeName } from '../text/path.js';

/** Bytes of a header, and the unit of content. */
export const TAR_BLOCK = 512;
/** Longest name, and longest target of a link, in a header. */
export const TAR_NAME = 100;

/** A header's fields, apart from the name. */
export interface TarFields {
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since the epoch. */
  readonly mtime: number;
  /** Bytes of content that follow. */
  readonly size: number;
  /** One character. */
  readonly type: string;
  /** The eight bytes that name the format. */
  readonly magic: string;
}

/** A header without its checksum: to be completed and sealed. The name has at most {@link TAR_NAME} bytes. */
export function tarHeader(name: Uint8Array, fields: TarFields): Uint8Array {
  const head = new Uint8Array(TAR_BLOCK);
  head.set(name);
  putNumber(head, 100, 8, fields.mode);
  putNumber(head, 108, 8, fields.uid);
  putNumber(head, 116, 8, fields.gid);
  putNumber(head, 124, 12, fields.size);
  putNumber(head, 136, 12, fields.mtime);
  head[156] = fields.type.charCodeAt(0);
  head.set(encodeName(fields.magic), 257);
  return head;
}

/** An octal number with a NUL, or, if it is too large, a binary one (big endian, the first bit set). */
export function putNumber(head: Uint8Array, at: number, length: number, value: number): void {
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

/** Parts of a header that are ever filled: up to the magic number, devices, and those of sparse files. */
const FILLED: readonly (readonly [from: number, to: number])[] = [
  [0, 265],
  [329, 345],
  [386, 410],
  [483, 495],
];

/** Fills in the checksum: the sum of all bytes, with itself as spaces. */
export function sealHeader(head: Uint8Array): Uint8Array {
  head.fill(0x20, 148, 156);
  let sum = 0;
  for (const [from, to] of FILLED) for (let i = from; i < to; i++) sum += head[i] as number;
  head.set(encodeName(`${sum.toString(8).padStart(6, '0')}\0`), 148);
  return head;
}
