/**
 * Extended attributes of an EROFS inode: after it, or in a table if several share them. Layout: erofs.rst,
 * and erofs_xattr_ibody_header and erofs_xattr_entry in fs/erofs/erofs_fs.h in the kernel.
 */
import type { FileAttributes } from '../../archive/attributes.js';
import { base64 } from '../../text/bytes.js';
import { decodeName } from '../../text/path.js';
import type { ReadAt } from '../reads.js';
import { Damaged } from './damaged.js';

/** Bytes of the header, which the positions in the table follow. */
const HEADER = 12;
/** Bytes of an attribute without its name and value. */
const ENTRY = 4;
/** Alignment of all entries, and the unit of positions in the table. */
const UNIT = 4;

/** Prefixes of names, by number (erofs_xattr_prefix in fs/erofs/xattr.h). */
const PREFIXES: Readonly<Record<number, string>> = {
  1: 'user.',
  2: 'system.posix_acl_access',
  3: 'system.posix_acl_default',
  4: 'trusted.',
  6: 'security.',
};

/** Bytes of the attributes after an inode with this count. */
export function attributesSize(count: number): number {
  return count === 0 ? 0 : HEADER + UNIT * (count - 1);
}

/** Which attributes to read, and where the table begins, in bytes. */
interface Wanted {
  readonly shared: number;
  readonly wanted: (name: string) => boolean;
}

/** The attributes of a file. They are from `at` to `end`. */
export function readAttributes(
  read: ReadAt,
  at: number,
  end: number,
  { shared, wanted }: Wanted,
): FileAttributes['values'] {
  const values: Record<string, string> = {};
  /** Reads one; returns its end. */
  const take = (from: number): number => {
    const [nameSize = 0, prefix = 0, low = 0, high = 0] = read(from, ENTRY);
    const size = low + 256 * high;
    const start = PREFIXES[prefix];
    if (start === undefined) throw new Damaged('an attribute has an unknown prefix');
    const name = start + decodeName(read(from + ENTRY, nameSize));
    const valueAt = from + ENTRY + nameSize;
    if (wanted(name)) values[name] = base64(read(valueAt, size));
    return Math.ceil((valueAt + size) / UNIT) * UNIT;
  };
  if (at === end) return values;
  const header = read(at, HEADER);
  const places = header[4] as number;
  let next = at + HEADER + UNIT * places;
  if (next > end) throw new Damaged('attributes do not end where their inode says');
  const listed = read(at + HEADER, UNIT * places);
  const view = new DataView(listed.buffer, listed.byteOffset, listed.byteLength);
  for (let i = 0; i < places; i++) take(shared + UNIT * view.getUint32(UNIT * i, true));
  while (next < end) next = take(next);
  return values;
}
