/** GUID partition tables, written and read (UEFI specification, section 5.3). Pure. */
import { crc32 } from '../../core/text/bytes.js';
import type { MediumIds } from './ids.js';
import { type Layout, PARTITIONS, SECTOR } from './layout.js';

/**
 * Types of partitions (UEFI specification; GRUB manual, "BIOS installation"; Discoverable Partitions; of
 * LUKS: the list of fdisk(8)).
 */
const TYPES = {
  bios: '21686148-6449-6e6f-744e-656564454649',
  esp: 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
  linux: '0fc63daf-8483-4772-8e79-3d69d8477de4',
  luks: 'ca7d7ccb-63ed-4c53-861c-1742536059cc',
} as const;

const ENTRIES = 128;
const ENTRY = 128;
const TABLE = ENTRIES * ENTRY;
const HEADER = 92;
const SIGNATURE = 'EFI PART';
/** LBA 0 has the protective MBR, LBA 1 the header, and 32 sectors follow with the entries. */
const HEAD_SECTORS = 2 + TABLE / SECTOR;

/** Bytes to write at an offset of the medium. */
export interface Piece {
  readonly at: number;
  readonly bytes: Buffer;
}

/** Protective MBR, without boot code, and the table at the beginning; then its backup at the end. */
export function renderGpt(layout: Layout, ids: MediumIds): { readonly head: Piece; readonly tail: Piece } {
  const last = layout.bytes / SECTOR - 1;
  const table = renderTable(layout, ids);
  const crc = crc32(table);
  const head = Buffer.alloc(HEAD_SECTORS * SECTOR);
  protectiveMbr(last).copy(head);
  const common = { disk: ids.disk, last, crc };
  renderHeader({ ...common, own: 1, other: last, entries: 2 }).copy(head, SECTOR);
  table.copy(head, 2 * SECTOR);
  const tail = Buffer.alloc(TABLE + SECTOR);
  table.copy(tail);
  const entries = last - TABLE / SECTOR;
  renderHeader({ ...common, own: last, other: 1, entries }).copy(tail, TABLE);
  return { head: { at: 0, bytes: head }, tail: { at: entries * SECTOR, bytes: tail } };
}

/**
 * One partition of type 0xEE over the whole medium. It is not marked as bootable, as the specification wants
 * it; boot.img starts nevertheless.
 */
function protectiveMbr(last: number): Buffer {
  const mbr = Buffer.alloc(SECTOR);
  Buffer.from([0x00, 0x00, 0x02, 0x00, 0xee, 0xff, 0xff, 0xff]).copy(mbr, 446);
  mbr.writeUInt32LE(1, 454);
  mbr.writeUInt32LE(Math.min(last, 0xffffffff), 458);
  mbr.writeUInt16LE(0xaa55, 510);
  return mbr;
}

interface HeaderFacts {
  readonly disk: string;
  readonly last: number;
  readonly crc: number;
  readonly own: number;
  readonly other: number;
  readonly entries: number;
}

function renderHeader({ disk, last, crc, own, other, entries }: HeaderFacts): Buffer {
  const header = Buffer.alloc(SECTOR);
  header.write(SIGNATURE, 0, 'latin1');
  header.writeUInt32LE(0x00010000, 8);
  header.writeUInt32LE(HEADER, 12);
  header.writeBigUInt64LE(BigInt(own), 24);
  header.writeBigUInt64LE(BigInt(other), 32);
  header.writeBigUInt64LE(BigInt(HEAD_SECTORS), 40);
  header.writeBigUInt64LE(BigInt(last - HEAD_SECTORS + 1), 48);
  guidBytes(disk).copy(header, 56);
  header.writeBigUInt64LE(BigInt(entries), 72);
  header.writeUInt32LE(ENTRIES, 80);
  header.writeUInt32LE(ENTRY, 84);
  header.writeUInt32LE(crc, 88);
  header.writeUInt32LE(crc32(header.subarray(0, HEADER)), 16);
  return header;
}

function renderTable({ bios, esp, boot, storage }: Layout, { parts }: MediumIds): Buffer {
  const table = Buffer.alloc(TABLE);
  const rows = [
    { type: TYPES.bios, id: parts.bios, name: PARTITIONS.bios, part: bios },
    { type: TYPES.esp, id: parts.esp, name: PARTITIONS.esp, part: esp },
    ...(boot === undefined ? [] : [{ type: TYPES.linux, id: parts.boot, name: PARTITIONS.boot, part: boot }]),
    {
      type: boot === undefined ? TYPES.linux : TYPES.luks,
      ...{ id: parts.storage, name: PARTITIONS.storage, part: storage },
    },
  ];
  for (const [i, { type, id, name, part }] of rows.entries()) {
    const entry = table.subarray(i * ENTRY, (i + 1) * ENTRY);
    guidBytes(type).copy(entry, 0);
    guidBytes(id).copy(entry, 16);
    entry.writeBigUInt64LE(BigInt(part.start / SECTOR), 32);
    entry.writeBigUInt64LE(BigInt((part.start + part.bytes) / SECTOR - 1), 40);
    entry.write(name, 56, 'utf16le');
  }
  return table;
}

/** A GUID as bytes: its first three groups are little-endian (UEFI specification, appendix A). */
function guidBytes(text: string): Buffer {
  const bytes = Buffer.from(text.replaceAll('-', ''), 'hex');
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}

/** A partition of a table that was read. */
export interface FoundPart {
  readonly name: string;
  readonly start: number;
  readonly bytes: number;
}

/** Reads bytes of a medium; fewer, or none, where it ends. */
export type ReadBytes = (at: number, length: number) => Uint8Array;

/** Bounds of tables that others made: larger ones are damage. */
const MOST = { entries: 1024, entry: 4096 } as const;

/**
 * The partitions in the table at the beginning, whoever made it; `undefined` if there is none, or it does not
 * match its checksums. Sectors have 512 bytes.
 */
export function readGpt(read: ReadBytes): FoundPart[] | undefined {
  const header = Buffer.from(read(SECTOR, HEADER));
  if (header.length < HEADER || header.toString('latin1', 0, 8) !== SIGNATURE) return undefined;
  const crc = header.readUInt32LE(16);
  header.writeUInt32LE(0, 16);
  if (crc32(header) !== crc) return undefined;
  const at = Number(header.readBigUInt64LE(72)) * SECTOR;
  const [count, size] = [header.readUInt32LE(80), header.readUInt32LE(84)];
  if (count > MOST.entries || size < ENTRY || size > MOST.entry) return undefined;
  const table = Buffer.from(read(at, count * size));
  if (table.length < count * size || crc32(table) !== header.readUInt32LE(88)) return undefined;
  const entries = Array.from({ length: count }, (_, i) => table.subarray(i * size, (i + 1) * size));
  return entries.flatMap((entry) => partOf(entry) ?? []);
}

/** The partition of an entry; `undefined`: the entry is free. */
function partOf(entry: Buffer): FoundPart | undefined {
  if (entry.subarray(0, 16).every((byte) => byte === 0)) return undefined;
  const [first, last] = [Number(entry.readBigUInt64LE(32)), Number(entry.readBigUInt64LE(40))];
  const name = entry.toString('utf16le', 56, ENTRY).replace(/\0.*$/s, '');
  return { name, start: first * SECTOR, bytes: (last - first + 1) * SECTOR };
}

/** Bytes at the beginning of a medium that hold its table, as mkma makes it. */
export const GPT_HEAD = HEAD_SECTORS * SECTOR;

/** {@link readGpt} of the first {@link GPT_HEAD} bytes of a medium. */
export function parseGpt(head: Uint8Array): FoundPart[] | undefined {
  return readGpt((at, length) => head.subarray(at, at + length));
}
