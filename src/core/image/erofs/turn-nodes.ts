/**
 * Turns FIFOs of an EROFS file system into device nodes, as mkfs.erofs would have stored them: only root of
 * the host can make device nodes for it to read, and both kinds of inode differ in their type and number
 * alone (fs/erofs/erofs_fs.h and erofs_inode_i_mode in the kernel). Pure.
 */

import { S_IFBLK, S_IFCHR, S_IFIFO } from '../../archive/cpio.js';
import type { DeviceNode } from '../../archive/device-nodes.js';
import type { ReadAt } from '../reads.js';
import { findMetadata } from './reader.js';

/** Bytes to write, and where. */
export interface Patch {
  readonly at: number;
  readonly bytes: Uint8Array;
}

const TYPE = { c: S_IFCHR, b: S_IFBLK } as const;
/** Types in a folder's list (include/linux/fs_types.h). */
const FT_FIFO = 5;
const FT = { c: 3, b: 4 } as const;
/** Where in an inode its mode is, and the union with the number of its device. */
const MODE = 4;
const UNION = 16;

/** Where the superblock begins, its checksum in it, and the bit of its features that says that it has one. */
const SUPERBLOCK = 1024;
const CHECKSUM = SUPERBLOCK + 4;
const FEATURES = SUPERBLOCK + 8;
const HAS_CHECKSUM = 1;
const BLOCK_BITS = SUPERBLOCK + 12;

/** What to write. Throws if one of them is not a FIFO there. */
export function turnNodes(read: ReadAt, nodes: readonly DeviceNode[]): Patch[] {
  const patches = nodes.flatMap((node): Patch[] => {
    const place = findMetadata(read, node.path);
    const mode = place && viewOf(read(place.inode + MODE, 2)).getUint16(0, true);
    if (place === undefined || mode !== (S_IFIFO | node.mode) || read(place.type, 1)[0] !== FT_FIFO)
      throw new Error(`mkfs.erofs stored no FIFO as ${node.path}`);
    return [
      { at: place.inode + MODE, bytes: little(TYPE[node.type] | node.mode, 2) },
      { at: place.inode + UNION, bytes: little(deviceNumber(node), 4) },
      { at: place.type, bytes: Uint8Array.of(FT[node.type]) },
    ];
  });
  return [...patches, ...checksumAfter(read, patches)];
}

/** The kernel's new_encode_dev(). */
function deviceNumber({ major, minor }: DeviceNode): number {
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}

/** The superblock's checksum covers the rest of its block, which may have inodes. */
function checksumAfter(read: ReadAt, patches: readonly Patch[]): Patch[] {
  const features = viewOf(read(FEATURES, 4)).getUint32(0, true);
  const blockSize = 2 ** (read(BLOCK_BITS, 1)[0] ?? 0);
  if ((features & HAS_CHECKSUM) === 0 || patches.length === 0) return [];
  const block = Uint8Array.from(read(SUPERBLOCK, blockSize - SUPERBLOCK));
  const stored = viewOf(block).getUint32(CHECKSUM - SUPERBLOCK, true);
  block.fill(0, CHECKSUM - SUPERBLOCK, CHECKSUM - SUPERBLOCK + 4);
  if (crc32c(block) !== stored) throw new Error('the checksum of the file system does not match');
  for (const { at, bytes } of patches) if (at + bytes.length <= blockSize) block.set(bytes, at - SUPERBLOCK);
  return [{ at: CHECKSUM, bytes: little(crc32c(block), 4) }];
}

/** CRC-32C (RFC 3720, B.4) as the kernel starts and leaves it: from all ones, not inverted at the end. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return crc >>> 0;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function little(value: number, length: 2 | 4): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (value >>> (8 * i)) & 0xff);
}
