/** Recognises a medium that mkma made, in a file or on a device, by its partition table and file system. */
import { closeSync, openSync, readSync } from 'node:fs';
import { GPT_HEAD, parseGpt } from './gpt.js';
import { PARTITIONS, type Part } from './layout.js';

export interface FoundMedium {
  readonly bios: Part;
  readonly esp: Part;
  readonly storage: Part;
  /** Of the ext4 file system. */
  readonly uuid: string;
}

/** The ext4 superblock's place and fields (Documentation/filesystems/ext4/super.rst). */
const SUPERBLOCK = { at: 1024, bytes: 1024, magic: 0x38, uuid: 0x68 } as const;
const EXT4_MAGIC = 0xef53;

/** The medium; `undefined`: it is none of mkma's, or not a whole one. Throws errors of reading. */
export function readMedium(path: string): FoundMedium | undefined {
  const fd = openSync(path, 'r');
  try {
    const parts = parseGpt(readAt(fd, 0, GPT_HEAD)) ?? [];
    const named = (name: string): Part | undefined => parts.find((part) => part.name === name);
    const [bios, esp, storage] = [named(PARTITIONS.bios), named(PARTITIONS.esp), named(PARTITIONS.storage)];
    if (bios === undefined || esp === undefined || storage === undefined) return undefined;
    const block = readAt(fd, storage.start + SUPERBLOCK.at, SUPERBLOCK.bytes);
    if (block.length < SUPERBLOCK.bytes || block.readUInt16LE(SUPERBLOCK.magic) !== EXT4_MAGIC)
      return undefined;
    const uuid = block
      .toString('hex', SUPERBLOCK.uuid, SUPERBLOCK.uuid + 16)
      .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    return { bios, esp, storage, uuid };
  } finally {
    closeSync(fd);
  }
}

function readAt(fd: number, at: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readSync(fd, bytes, 0, length, at));
}
