/**
 * Records of an archive in the pax format (POSIX.1-2024, pax, "pax Interchange Format"; tar(5) of
 * libarchive): a ustar header and, where that is too narrow, another one before it, with keywords and their
 * values. mkfs.erofs(1) reads it from a pipe, extended attributes included.
 */
import { concatBytes, decodeBase64 } from '../text/bytes.js';
import { encodeName } from '../text/path.js';
import type { FileAttributes } from './attributes.js';
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG } from './cpio.js';
import { putNumber, sealHeader, TAR_BLOCK, TAR_NAME, tarHeader } from './tar.js';

export interface PaxRecord {
  readonly path: string;
  /** Type and permissions, as st_mode. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since the epoch. */
  readonly mtime: number;
  /** Bytes of content that follow, of a file. */
  readonly size: number;
  readonly rdevMajor: number;
  readonly rdevMinor: number;
  /** Of a symbolic link. */
  readonly target?: string | undefined;
  /** Of another name of a file: the path of the first, which comes before it. */
  readonly link?: string | undefined;
  /** Extended attributes. */
  readonly attributes?: FileAttributes['values'] | undefined;
}

const MAGIC = 'ustar\x0000';
const TYPES: Readonly<Record<number, string>> = {
  [S_IFREG]: '0',
  [S_IFLNK]: '2',
  [S_IFCHR]: '3',
  [S_IFBLK]: '4',
  [S_IFDIR]: '5',
  [S_IFIFO]: '6',
};
const HARD_LINK = '1';
/** The largest numbers in the octal digits of a header: owners, sizes. */
const MOST_ID = 0o7777777;
const MOST_SIZE = 0o77777777777;

/** The record without its content, which follows in whole blocks. */
export function paxHeader(record: PaxRecord): Uint8Array {
  const { mode, uid, gid, mtime, size, rdevMajor, rdevMinor, target, link, attributes = {} } = record;
  const type = link === undefined ? TYPES[mode & S_IFMT] : HARD_LINK;
  if (type === undefined) throw new Error(`no such type in an archive: ${record.path}`);
  const name = encodeName(record.path);
  const leadsTo = encodeName(link ?? target ?? '');
  const keywords: Uint8Array[] = [];
  const keyword = (key: string, value: Uint8Array): void => {
    keywords.push(keywordRecord(key, value));
  };
  const number = (key: string, value: number, most: number): number => {
    if (value <= most) return value;
    keyword(key, encodeName(String(value)));
    return 0;
  };
  if (name.length > TAR_NAME) keyword('path', name);
  if (leadsTo.length > TAR_NAME) keyword('linkpath', leadsTo);
  const fields = {
    ...{ mode: mode & 0o7777, mtime, type, magic: MAGIC },
    uid: number('uid', uid, MOST_ID),
    gid: number('gid', gid, MOST_ID),
    size: number('size', size, MOST_SIZE),
  };
  for (const [key, value] of Object.entries(attributes)) {
    keyword(`SCHILY.xattr.${key}`, decodeBase64(value));
  }
  const head = tarHeader(name.subarray(0, TAR_NAME), fields);
  head.set(leadsTo.subarray(0, TAR_NAME), 157);
  if (type === TYPES[S_IFCHR] || type === TYPES[S_IFBLK]) {
    putNumber(head, 329, 8, rdevMajor);
    putNumber(head, 337, 8, rdevMinor);
  }
  sealHeader(head);
  return keywords.length === 0 ? head : concatBytes([...extended(concatBytes(keywords)), head]);
}

/** Bytes after content of this size, up to the next block. */
export function paxPadding(size: number): number {
  return (TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK;
}

/** The end of an archive: two empty blocks. */
export const PAX_END_BYTES = 2 * TAR_BLOCK;

/** The header of keywords for the next record, and their padding. */
function extended(content: Uint8Array): Uint8Array[] {
  const none = { mode: 0o600, uid: 0, gid: 0, mtime: 0 };
  const fields = { ...none, size: content.length, type: 'x', magic: MAGIC };
  const head = sealHeader(tarHeader(encodeName('././@PaxHeader'), fields));
  return [head, content, new Uint8Array(paxPadding(content.length))];
}

/** "LENGTH KEY=VALUE" and a newline; the length counts all of it, its own digits included. */
function keywordRecord(key: string, value: Uint8Array): Uint8Array {
  const rest = concatBytes([encodeName(` ${key}=`), value, Uint8Array.of(0x0a)]);
  let length = rest.length + String(rest.length).length;
  length = rest.length + String(length).length;
  return concatBytes([encodeName(String(length)), rest]);
}
