/** Recognises a medium that mkma made, in a file or on a device, by its partition table and file system. */
import { closeSync, openSync, readSync } from 'node:fs';
import { GPT_HEAD, parseGpt } from './gpt.js';
import { PARTITIONS, type Part } from './layout.js';

export interface FoundMedium {
  readonly bios: Part;
  readonly esp: Part;
  readonly storage: Part;
  /** Of the ext4 file system with the menu: on an encrypted medium that is the one in the open. */
  readonly uuid: string;
  /** Absent: it is not encrypted. */
  readonly encrypted?: EncryptedParts;
}

interface EncryptedParts {
  /** Menu, kernels and initramfs, in the open. */
  readonly boot: Part;
  /** UUID of the LUKS volume that `storage` is. */
  readonly luks: string;
}

/** The ext4 superblock's place and fields (Documentation/filesystems/ext4/super.rst). */
export const SUPERBLOCK = { at: 1024, bytes: 1024, magic: 0x38, uuid: 0x68 } as const;
export const EXT4_MAGIC = 0xef53;

/** The binary header of LUKS2 (LUKS2 On-Disk Format Specification, 2.1): its UUID is text of 40 bytes. */
const LUKS = { bytes: 512, magic: Buffer.from('LUKS\xba\xbe', 'latin1'), uuid: 168, uuidBytes: 40 } as const;

/** The medium; `undefined`: it is none of mkma's, or not a whole one. Throws errors of reading. */
export function readMedium(path: string): FoundMedium | undefined {
  const fd = openSync(path, 'r');
  try {
    const parts = parseGpt(readAt(fd, 0, GPT_HEAD)) ?? [];
    const named = (name: string): Part | undefined => parts.find((part) => part.name === name);
    const [bios, esp, storage] = [named(PARTITIONS.bios), named(PARTITIONS.esp), named(PARTITIONS.storage)];
    if (bios === undefined || esp === undefined || storage === undefined) return undefined;
    const boot = named(PARTITIONS.boot);
    if (boot === undefined) {
      const uuid = ext4Uuid(fd, storage.start);
      return uuid === undefined ? undefined : { bios, esp, storage, uuid };
    }
    const [uuid, luks] = [ext4Uuid(fd, boot.start), luksUuid(fd, storage.start)];
    if (uuid === undefined || luks === undefined) return undefined;
    return { bios, esp, storage, uuid, encrypted: { boot, luks } };
  } finally {
    closeSync(fd);
  }
}

/** The UUID of the ext4 file system on a device; `undefined`: there is none. Throws errors of reading. */
export function readExt4Uuid(path: string): string | undefined {
  const fd = openSync(path, 'r');
  try {
    return ext4Uuid(fd, 0);
  } finally {
    closeSync(fd);
  }
}

function ext4Uuid(fd: number, start: number): string | undefined {
  const block = readAt(fd, start + SUPERBLOCK.at, SUPERBLOCK.bytes);
  if (block.length < SUPERBLOCK.bytes || block.readUInt16LE(SUPERBLOCK.magic) !== EXT4_MAGIC)
    return undefined;
  return block
    .toString('hex', SUPERBLOCK.uuid, SUPERBLOCK.uuid + 16)
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function luksUuid(fd: number, start: number): string | undefined {
  const header = readAt(fd, start, LUKS.bytes);
  if (header.length < LUKS.bytes || !header.subarray(0, LUKS.magic.length).equals(LUKS.magic))
    return undefined;
  return header.toString('latin1', LUKS.uuid, LUKS.uuid + LUKS.uuidBytes).replace(/\0.*$/s, '');
}

function readAt(fd: number, at: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readSync(fd, bytes, 0, length, at));
}
