/**
 * The superblock of an EROFS file system, as far as it locates the rest (Documentation/filesystems/erofs.rst
 * and fs/erofs/erofs_fs.h in the kernel). All numbers are little endian.
 */

/** Where it begins; what precedes it is free for others. */
const SUPERBLOCK = 1024;
/** The end of the fields that are read. */
export const SUPERBLOCK_END = SUPERBLOCK + 128;

const MAGIC = 0xe0f5e1e2;
/**
 * Block addresses of 48 bits (Linux 6.15): the field of the root's number contains the upper bits of their
 * count.
 */
const FEATURE_48BIT = 0x80;

export interface Superblock {
  /** Bytes of a block. */
  readonly blockSize: number;
  /** Bytes of the whole file system. */
  readonly size: number;
  /** Number of the root's inode. */
  readonly root: number;
  readonly inodes: number;
  /** Seconds since the epoch: the time of inodes without one. */
  readonly time: number;
  /** Origin of inode numbers, in bytes. */
  readonly metadata: number;
  /** Where the table of shared attributes begins, in bytes. */
  readonly shared: number;
}

/** Reads it from a file's first {@link SUPERBLOCK_END} bytes; `undefined` if they are not from an EROFS. */
export function readSuperblock(start: Uint8Array): Superblock | undefined {
  if (start.length < SUPERBLOCK_END) return undefined;
  const view = new DataView(start.buffer, start.byteOffset + SUPERBLOCK);
  if (view.getUint32(0, true) !== MAGIC) return undefined;
  const blockBits = view.getUint8(12);
  // From 512 bytes to 64 KiB, the kernel's limits.
  if (blockBits < 9 || blockBits > 16) return undefined;
  const blockSize = 2 ** blockBits;
  const large = (view.getUint32(80, true) & FEATURE_48BIT) !== 0;
  const blocks = view.getUint32(36, true) + (large ? view.getUint16(14, true) * 2 ** 32 : 0);
  return {
    blockSize,
    size: blocks * blockSize,
    root: large ? Number(view.getBigUint64(112, true)) : view.getUint16(14, true),
    inodes: Number(view.getBigUint64(16, true)),
    time: Number(view.getBigUint64(24, true)),
    metadata: view.getUint32(40, true) * blockSize,
    shared: view.getUint32(44, true) * blockSize,
  };
}

/** Size of the file system that begins this way; `undefined` if it is not one. */
export function erofsSize(start: Uint8Array): number | undefined {
  return readSuperblock(start)?.size;
}
