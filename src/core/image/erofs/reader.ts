/**
 * Reads the metadata of an EROFS file system without mounting it: names, inodes, attributes, link targets, no
 * contents. Layout: Documentation/filesystems/erofs.rst and fs/erofs/erofs_fs.h in the kernel.
 */

import { isCarried } from '../../archive/attributes.js';
import { type ParsedNewcHeader, S_IFBLK, S_IFCHR, S_IFDIR, S_IFLNK, S_IFMT } from '../../archive/cpio.js';
import type { ArchiveReader } from '../../archive/parser.js';
import { decodeName } from '../../text/path.js';
import type { ReadAt } from '../reads.js';
import { attributesSize, readAttributes } from './attributes.js';
import { Damaged } from './damaged.js';
import { readSuperblock, SUPERBLOCK_END, type Superblock } from './superblock.js';
import { windowed } from './window.js';

/** Inode numbers count in units of so many bytes. */
const SLOT = 32;
/** Bytes of an inode, small and large. */
const COMPACT = 32;
const EXTENDED = 64;
/** Positions of an inode's data (the layouts that directories and links may have). */
const FLAT_PLAIN = 0;
const FLAT_INLINE = 2;
/** Bytes of a directory entry without its name. */
const DIRENT = 12;
/** Where in it the file's type is. */
const DIRENT_TYPE = 10;
/** Deeper than any valid path (PATH_MAX). */
const MOST_DEPTH = 2048;

/** An inode: the fields of an archive's record, and the position of its data. */
interface Inode extends Omit<ParsedNewcHeader, 'nameSize'> {
  readonly layout: number;
  /** First block of its data. */
  readonly block: number;
  /** Where the inode ends and its attributes begin, in bytes. */
  readonly attributesAt: number;
  /** Where these end. */
  readonly end: number;
}

/**
 * Reports everything in the file system to the reader, folders before their contents, as if they were records
 * of an archive: `onData` is never called, and the only data to want are link targets. Returns what is wrong,
 * if anything.
 */
export function readErofs(read: ReadAt, reader: ArchiveReader): string | undefined {
  const superblock = readSuperblock(read(0, SUPERBLOCK_END));
  if (superblock === undefined) return 'it is not an EROFS file system';
  try {
    new Walk(windowed(read), superblock, reader).folder('.', superblock.root, 0);
    return undefined;
  } catch (cause) {
    if (cause instanceof Damaged) return cause.message;
    if (cause instanceof RangeError) return 'its metadata points outside the file system';
    throw cause;
  }
}

/** Where the metadata of a file lies, in bytes: its inode, and its type in the folder's list. */
export interface MetadataPlace {
  readonly inode: number;
  readonly type: number;
}

/**
 * Finds a file, such as `dev/null`; `undefined` if there is none. Throws if the file system is damaged.
 */
export function findMetadata(read: ReadAt, path: string): MetadataPlace | undefined {
  const superblock = readSuperblock(read(0, SUPERBLOCK_END));
  return superblock && new Walk(windowed(read), superblock, { onRecord: () => undefined }).find(path);
}

class Walk {
  private readonly seen = new Set<number>();

  constructor(
    private readonly read: ReadAt,
    private readonly superblock: Superblock,
    private readonly reader: ArchiveReader,
  ) {}

  folder(path: string, number: number, depth: number): void {
    if (this.seen.has(number) || depth > MOST_DEPTH) throw new Damaged('its folders form a loop');
    this.seen.add(number);
    const inode = this.inode(number);
    if ((inode.mode & S_IFMT) !== S_IFDIR) throw new Damaged('its root is not a folder');
    this.tell(path, inode);
    const { blockSize } = this.superblock;
    for (let at = 0; at < inode.size; at += blockSize) {
      const block = this.data(inode, at, Math.min(blockSize, inode.size - at));
      for (const { name, number: child } of entriesOf(block)) {
        if (name === '.' || name === '..') continue;
        const below = path === '.' ? name : `${path}/${name}`;
        const found = this.inode(child);
        if ((found.mode & S_IFMT) === S_IFDIR) this.folder(below, child, depth + 1);
        else this.tell(below, found);
      }
    }
  }

  /** Where a file's metadata lies. */
  find(path: string): MetadataPlace | undefined {
    const { root, metadata, blockSize } = this.superblock;
    let found: MetadataPlace | undefined;
    let number = root;
    for (const wanted of path.split('/')) {
      const inode = this.inode(number);
      found = undefined;
      for (let at = 0; at < inode.size && found === undefined; at += blockSize) {
        const length = Math.min(blockSize, inode.size - at);
        const entries = entriesOf(this.data(inode, at, length));
        const i = entries.findIndex(({ name }) => name === wanted);
        if (i < 0) continue;
        number = entries[i]?.number ?? 0;
        const type = this.placeOf(inode, at, length) + i * DIRENT + DIRENT_TYPE;
        found = { inode: metadata + number * SLOT, type };
      }
      if (found === undefined) return undefined;
    }
    return found;
  }

  private tell(path: string, inode: Inode): void {
    const { layout: _layout, block: _block, attributesAt, end, ...facts } = inode;
    const isFolder = (inode.mode & S_IFMT) === S_IFDIR;
    const header = { ...facts, size: isFolder ? 0 : inode.size, nameSize: path.length + 1 };
    const isLink = (inode.mode & S_IFMT) === S_IFLNK;
    const wanted = isLink && this.reader.want?.(path, header) === true;
    this.reader.onRecord({
      ...header,
      path,
      attributes: (wanted = isCarried) =>
        readAttributes(this.read, attributesAt, end, { shared: this.superblock.shared, wanted }),
      ...(wanted ? { data: this.data(inode, 0, inode.size) } : {}),
    });
  }

  private inode(number: number): Inode {
    const { metadata, size, time } = this.superblock;
    const at = metadata + number * SLOT;
    if (at + COMPACT > size) throw new Damaged(`inode ${number} is outside it`);
    const bytes = this.read(at, Math.min(EXTENDED, size - at));
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const format = view.getUint16(0, true);
    const extended = (format & 1) !== 0;
    const attributesAt = at + (extended ? EXTENDED : COMPACT);
    const mode = view.getUint16(4, true);
    const union = view.getUint32(16, true);
    const type = mode & S_IFMT;
    const isDevice = type === S_IFBLK || type === S_IFCHR;
    return {
      mode,
      ino: number,
      uid: extended ? view.getUint32(24, true) : view.getUint16(24, true),
      gid: extended ? view.getUint32(28, true) : view.getUint16(26, true),
      nlink: extended ? view.getUint32(44, true) : view.getUint16(6, true),
      mtime: extended ? Number(view.getBigInt64(32, true)) : time,
      size: extended ? Number(view.getBigUint64(8, true)) : view.getUint32(8, true),
      // The kernel's new_encode_dev.
      rdevMajor: isDevice ? (union & 0xfff00) >>> 8 : 0,
      rdevMinor: isDevice ? (union & 0xff) | ((union >>> 12) & 0xfff00) : 0,
      layout: (format >>> 1) & 7,
      block: union,
      attributesAt,
      end: attributesAt + attributesSize(view.getUint16(2, true)),
    };
  }

  /**
   * Data of a folder or link, which is never compressed: in blocks of its own, the last one after the inode.
   */
  private data(inode: Inode, at: number, length: number): Uint8Array {
    return this.read(this.placeOf(inode, at, length), length);
  }

  private placeOf(inode: Inode, at: number, length: number): number {
    const { blockSize, size } = this.superblock;
    if (inode.layout !== FLAT_PLAIN && inode.layout !== FLAT_INLINE) {
      throw new Damaged(`inode ${inode.ino} has an unknown data layout`);
    }
    const last = Math.floor((inode.size - 1) / blockSize) * blockSize;
    const inline = inode.layout === FLAT_INLINE && at >= last;
    const from = inline ? inode.end + at - last : inode.block * blockSize + at;
    if (from + length > size) throw new Damaged(`the data of inode ${inode.ino} is outside it`);
    return from;
  }
}

/**
 * The entries in a block of a directory: a table, then the names; the first name begins where the table ends.
 */
function entriesOf(block: Uint8Array): { readonly name: string; readonly number: number }[] {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  const table = view.getUint16(8, true);
  if (table < DIRENT || table % DIRENT !== 0 || table > block.length) {
    throw new Damaged('a folder has no table of names');
  }
  return Array.from({ length: table / DIRENT }, (_, i) => {
    const at = i * DIRENT;
    const begin = view.getUint16(at + 8, true);
    const isLast = at + DIRENT === table;
    const end = isLast ? endOfName(block, begin) : view.getUint16(at + DIRENT + 8, true);
    if (begin < table || end <= begin || end > block.length)
      throw new Damaged('a folder contains an invalid name');
    const name = decodeName(block.subarray(begin, end));
    if (name.includes('/') || name.includes('\0')) throw new Damaged('a folder contains an invalid name');
    return { name, number: Number(view.getBigUint64(at, true)) };
  });
}

/** The last name ends with the block, or with a NUL. */
function endOfName(block: Uint8Array, begin: number): number {
  const nul = block.indexOf(0, begin);
  return nul < 0 ? block.length : nul;
}
