/**
 * The "new ASCII" cpio format (newc), as the kernel reads it:
 * Documentation/driver-api/early-userspace/buffer-format.rst and cpio(5). A record is a 110 byte header in
 * hexadecimal, the name with its NUL, and the data, each part padded with NULs to a multiple of four bytes.
 */
import { concatBytes } from '../text/bytes.js';
import { isAscii, nameLength, putName } from '../text/path.js';

const MAGIC = '070701';
/** GNU cpio writes upper case. */
const HEX_DIGITS = Uint8Array.from('0123456789ABCDEF', (c) => c.charCodeAt(0));
export const NEWC_HEADER_SIZE = 110;
/** Name of the record that ends an archive. */
export const TRAILER = 'TRAILER!!!';
/** Largest file a newc record can hold: its size field has 32 bits. */
export const NEWC_MAX_FILE = 2 ** 32 - 1;
/** Longest name, with its NUL, that all readers accept (PATH_MAX of the kernel's own unpacker). */
export const NEWC_MAX_NAME = 4096;

/** File type bits of `st_mode` (inode(7)). */
export const S_IFMT = 0o170000;
export const S_IFLNK = 0o120000;
export const S_IFREG = 0o100000;
export const S_IFBLK = 0o060000;
export const S_IFDIR = 0o040000;
export const S_IFCHR = 0o020000;
export const S_IFIFO = 0o010000;

/** The fields of a record's header. All are unsigned 32 bit numbers. */
export interface NewcHeader {
  readonly ino: number;
  /** Type and permission bits, as st_mode. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly nlink: number;
  /** Seconds since the epoch. */
  readonly mtime: number;
  /** Bytes of data that follow the name. */
  readonly size: number;
  readonly rdevMajor: number;
  readonly rdevMinor: number;
}

/**
 * The name of a file in an archive: its path, except for a file at the root with the trailer's name, which
 * would end the archive. Readers treat `./NAME` and `NAME` alike.
 */
export function archiveName(path: string): string {
  return path === TRAILER ? `./${path}` : path;
}

/** Inverse of {@link archiveName}; also accepts another writer's `./NAME`. */
export function archivePath(name: string): string {
  return name.startsWith('./') ? name.slice(2) : name;
}

/** NULs needed after `length` bytes to reach a multiple of four. */
export function newcPadding(length: number): number {
  return (4 - (length & 3)) & 3;
}

/** Bytes of a record in the archive, padding included. */
export function newcRecordSize(nameBytes: number, dataBytes: number): number {
  return newcHeadSize(nameBytes) + dataBytes + newcPadding(dataBytes);
}

/** Bytes that {@link putNewcHead} writes for a name of this length. */
export function newcHeadSize(nameBytes: number): number {
  const head = NEWC_HEADER_SIZE + nameBytes + 1;
  return head + newcPadding(head);
}

/**
 * Writes header and name of a record, padded, to `out` at `at`; the data (and {@link newcPadding} after it)
 * follows. Returns where it ends. A number that does not fit 32 bits is a bug of the caller and throws.
 */
export function putNewcHead(header: NewcHeader, name: string, out: Uint8Array, at: number): number {
  const end = at + newcHeadSize(nameLength(name));
  let to = at;
  for (let i = 0; i < MAGIC.length; i++) out[to++] = MAGIC.charCodeAt(i);
  for (const field of headFields(header, nameLength(name))) {
    for (let shift = 28; shift >= 0; shift -= 4) out[to++] = HEX_DIGITS[(field >>> shift) & 0xf] as number;
  }
  out.fill(0, putName(name, out, to), end);
  return end;
}

/** The numbers of a header in their order. */
function headFields(header: NewcHeader, nameBytes: number): number[] {
  const fields = [
    header.ino,
    header.mode,
    header.uid,
    header.gid,
    header.nlink,
    header.mtime,
    header.size,
    0, // device of the file: one archive, one device, inode numbers are unique by themselves
    0,
    header.rdevMajor,
    header.rdevMinor,
    nameBytes + 1,
    0, // checksum: unused in newc
  ];
  for (const field of fields) {
    if (!Number.isInteger(field) || field < 0 || field > 0xffffffff) {
      throw new RangeError(`newc field out of range: ${field}`);
    }
  }
  return fields;
}

/**
 * Like {@link putNewcHead}, as text, if the name is ASCII, for an engine that is slow with single bytes;
 * otherwise `undefined`.
 */
export function newcHeadText(header: NewcHeader, name: string): string | undefined {
  if (!isAscii(name)) return undefined;
  let head = MAGIC;
  for (const field of headFields(header, name.length)) {
    head += (field + 2 ** 32).toString(16).slice(1);
  }
  const end = newcHeadSize(name.length) - NEWC_HEADER_SIZE;
  return head.toUpperCase() + name.padEnd(end, '\0');
}

/** Like {@link putNewcHead}, into a new array. */
export function newcHead(header: NewcHeader, name: string): Uint8Array {
  const out = new Uint8Array(newcHeadSize(nameLength(name)));
  putNewcHead(header, name, out, 0);
  return out;
}

/**
 * An archive of overlay whiteouts: character devices 0:0 at the given paths (overlayfs.rst, "whiteouts and
 * opaque directories"), in the codec of path.ts, with a trailer. Their folders must exist when it is
 * unpacked.
 */
export function whiteoutArchive(paths: readonly string[]): Uint8Array {
  const node = { mode: S_IFCHR, uid: 0, gid: 0, nlink: 1, mtime: 0, size: 0, rdevMajor: 0, rdevMinor: 0 };
  const records = paths.map((path, i) => newcHead({ ...node, ino: i + 1 }, archiveName(path)));
  return concatBytes([...records, newcTrailer()]);
}

/** The record that ends an archive. */
export function newcTrailer(): Uint8Array {
  const none = { ino: 0, mode: 0, uid: 0, gid: 0, nlink: 1, mtime: 0, size: 0, rdevMajor: 0, rdevMinor: 0 };
  return newcHead(none, TRAILER);
}

/** A parsed header: the fields, and the length of the name with its NUL. */
export interface ParsedNewcHeader extends NewcHeader {
  readonly nameSize: number;
}

/** Parses the 110 bytes at `at`; `undefined` if they are not a newc header. */
export function parseNewcHeader(bytes: Uint8Array, at = 0): ParsedNewcHeader | undefined {
  if (at + NEWC_HEADER_SIZE > bytes.length) return undefined;
  for (let i = 0; i < MAGIC.length; i++) if (bytes[at + i] !== MAGIC.charCodeAt(i)) return undefined;
  const field = (index: number): number => {
    let value = 0;
    for (let i = 0; i < 8; i++) {
      const digit = hexDigit(bytes[at + 6 + index * 8 + i] as number);
      if (digit < 0) return Number.NaN;
      value = value * 16 + digit;
    }
    return value;
  };
  const header = {
    ino: field(0),
    mode: field(1),
    uid: field(2),
    gid: field(3),
    nlink: field(4),
    mtime: field(5),
    size: field(6),
    rdevMajor: field(9),
    rdevMinor: field(10),
    nameSize: field(11),
  };
  if (Object.values(header).some(Number.isNaN)) return undefined;
  return header.nameSize >= 1 && header.nameSize <= NEWC_MAX_NAME ? header : undefined;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const upper = code & ~0x20;
  return upper >= 0x41 && upper <= 0x46 ? upper - 0x41 + 10 : -1;
}
