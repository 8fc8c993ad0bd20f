/**
 * An image file. Mostly the payload in zstd frames, among skippable frames that stock tools pass over:
 *
 *   [skippable 0x184D2A50: head]        "MKMAIMG1": announces that there is an end, to detect truncation
 *   [zstd frame]...                     segment after segment; decompressed in a row, one newc archive
 *   [skippable 0x184D2A50: manifest]    "MKMAIMG1", CRC-32 of the JSON (little endian), the JSON in UTF-8
 *   [skippable 0x184D2A5E: seek table]  the Zstandard Seekable Format: locates the rest from the end
 *
 * Skippable frames: RFC 8878 section 3.1.2. Seek table: zstd_seekable_compression_format.md in
 * contrib/seekable_format/ of the zstd sources. Head and manifest are listed in the seek table as frames that
 * decompress to nothing, so the listed sizes add up to the position of the seek table.
 *
 * It may be an EROFS file system instead, with the same manifest after it:
 *
 *   [EROFS]                             its first KiB is free for others (erofs.rst): the head is at 0
 *   [skippable 0x184D2A50: manifest]    begins where the file system ends, according to its superblock
 */
import type { ImageFormat } from '../contract.js';
import { err, ok, type Result } from '../result.js';
import { concatBytes, crc32 } from '../text/bytes.js';
import { decodeName, encodeName } from '../text/path.js';
import { erofsSize, SUPERBLOCK_END } from './erofs/superblock.js';
import { isErofs, type Manifest, parseManifest, type Segment } from './manifest.js';
import { damaged } from './problems.js';
import type { ReadAt } from './reads.js';

const MKMA_FRAME = 0x184d2a50;
const SEEK_FRAME = 0x184d2a5e;
const SEEKABLE_MAGIC = 0x8f92eab1;
const MAGIC = Uint8Array.from('MKMAIMG1', (c) => c.charCodeAt(0));
const SKIPPABLE_HEADER = 8;

/** Size of the head: where the payload of zstd frames begins. */
export const HEAD_SIZE = SKIPPABLE_HEADER + MAGIC.length;
/** Size of the seek table's footer: number of frames, descriptor, magic. The last bytes of every image. */
const SEEK_FOOTER_SIZE = 9;
/** Largest uncompressed size of one frame in the seekable format. */
const MAX_FRAME = 2 ** 30;
/** A larger manifest is refused unread: nothing mkma writes comes near it. */
const MAX_MANIFEST = 64 * 2 ** 20;

/** One frame as the seek table lists it. */
export interface SeekEntry {
  readonly size: number;
  readonly bytes: number;
}

/** The head, to be written first. */
export function encodeHead(): Uint8Array {
  const head = new Uint8Array(HEAD_SIZE);
  const view = new DataView(head.buffer);
  view.setUint32(0, MKMA_FRAME, true);
  view.setUint32(4, MAGIC.length, true);
  head.set(MAGIC, SKIPPABLE_HEADER);
  return head;
}

/**
 * A zstd frame of uncompressed bytes, 1 to 255, made without zstd. RFC 8878 section 3.1.1: the magic number;
 * a descriptor for "single segment", so that one byte of content size follows; one block, the last, raw.
 */
export function encodeRaw(content: Uint8Array): Uint8Array {
  const { length } = content;
  if (length < 1 || length > 255) throw new RangeError(`not for ${length} bytes`);
  const block = (length << 3) | 1;
  return concatBytes([
    Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, length, block & 0xff, block >> 8, 0),
    content,
  ]);
}

/** The manifest's frame, to be written right after the payload. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  const json = encodeName(JSON.stringify(manifest));
  const frame = concatBytes([encodeHead(), new Uint8Array(4), json]);
  const view = viewOf(frame);
  view.setUint32(4, frame.length - SKIPPABLE_HEADER, true);
  view.setUint32(HEAD_SIZE, crc32(json), true);
  return frame;
}

/**
 * The seek table's frame, to be written last. `entries` lists every frame before it: head, payload, manifest.
 */
export function encodeSeekTable(entries: readonly SeekEntry[]): Uint8Array {
  const content = entries.length * 8 + SEEK_FOOTER_SIZE;
  const out = new Uint8Array(SKIPPABLE_HEADER + content);
  const view = new DataView(out.buffer);
  view.setUint32(0, SEEK_FRAME, true);
  view.setUint32(4, content, true);
  entries.forEach(({ size, bytes }, i) => {
    if (size > 0xffffffff || bytes > MAX_FRAME)
      throw new RangeError(`frame too large for a seek table: ${bytes} bytes`);
    view.setUint32(SKIPPABLE_HEADER + i * 8, size, true);
    view.setUint32(SKIPPABLE_HEADER + i * 8 + 4, bytes, true);
  });
  const footer = SKIPPABLE_HEADER + entries.length * 8;
  view.setUint32(footer, entries.length, true);
  view.setUint8(footer + 4, 0);
  view.setUint32(footer + 5, SEEKABLE_MAGIC, true);
  return out;
}

/** The description inside an image file. `manifest` is absent if another tool made it. */
export interface ImageInfo {
  readonly format: ImageFormat;
  /** Bytes of a file system, without the manifest that follows it. */
  readonly fileSystem?: number;
  readonly manifest?: Manifest;
}

const plain: Result<ImageInfo> = { ok: true, value: { format: 'cpio' } };

/** Where the first segment begins: a file system's head is part of it. */
export function payloadStart(manifest: Manifest): number {
  return isErofs(manifest) ? 0 : HEAD_SIZE;
}

/** The frames that a seek table lists, and where the table begins. */
interface SeekTable {
  readonly entries: readonly SeekEntry[];
  readonly at: number;
}

const TRUNCATED = 'its end is missing: it was truncated, or not copied completely';

/**
 * Reads the manifest of an image of `fileSize` bytes. A file that neither begins nor ends like an image of
 * mkma was made by other tools: accepted, unverified. One that does either but is inconsistent is refused.
 */
export function readImageInfo(read: ReadAt, fileSize: number): Result<ImageInfo> {
  const start = read(0, Math.min(SUPERBLOCK_END, fileSize));
  const begins = sameBytes(start.subarray(0, HEAD_SIZE), encodeHead());
  const fileSystem = erofsSize(start);
  if (fileSystem !== undefined) return readErofsInfo(read, fileSize, fileSystem, begins);
  const table = readSeekTable(read, fileSize);
  if (!table.ok) return table;
  const entries = table.value?.entries ?? [];
  const last = entries.at(-1);
  if (table.value === undefined || last === undefined || last.bytes !== 0) {
    // A seekable file from another tool has no manifest frame: unverified as well.
    return begins ? err(damaged(TRUNCATED)) : plain;
  }
  if (!begins || entries[0]?.size !== HEAD_SIZE || entries[0].bytes !== 0) {
    return err(damaged('it ends like an image of mkma, but does not begin like one'));
  }
  const listed = entries.reduce((sum, entry) => sum + entry.size, 0);
  if (listed !== table.value.at) {
    return err(damaged(`its frames add up to ${listed} bytes, but ${table.value.at} precede its seek table`));
  }
  if (last.size > MAX_MANIFEST) return err(damaged(`its manifest claims ${last.size} bytes`));
  const manifest = decodeManifest(read(table.value.at - last.size, last.size));
  if (!manifest.ok) return manifest;
  if (!segmentsMatch(manifest.value.segments, entries.slice(1, -1))) {
    return err(damaged('its manifest and its seek table list different segments'));
  }
  return ok({ format: 'cpio', manifest: manifest.value });
}

/** The manifest after a file system of the given size. */
function readErofsInfo(
  read: ReadAt,
  fileSize: number,
  fileSystem: number,
  begins: boolean,
): Result<ImageInfo> {
  if (fileSize < fileSystem) {
    const why = `its file system has ${fileSystem} bytes, the file ${fileSize}: it was truncated, or not copied completely`;
    return err(damaged(why));
  }
  const facts = { format: 'erofs', fileSystem } as const;
  // Data appended by other tools is ignored.
  if (!begins) return ok(facts);
  const rest = fileSize - fileSystem;
  if (rest === 0) return err(damaged(TRUNCATED));
  if (rest > MAX_MANIFEST)
    return err(damaged(`${rest} bytes follow its file system, more than any manifest`));
  const manifest = decodeManifest(read(fileSystem, rest));
  if (!manifest.ok) return manifest;
  const { value } = manifest;
  const sizes = [value.segments[0]?.size, value.unpackedBytes];
  if (!isErofs(value) || sizes.some((size) => size !== fileSystem)) {
    return err(damaged('its manifest describes a different file system from the one it contains'));
  }
  return ok({ ...facts, manifest: value });
}

/** The frames of an archive's payload in order, by its seek table; none if it has no manifest. */
export function readFrames(read: ReadAt, fileSize: number): SeekEntry[] {
  const table = readSeekTable(read, fileSize);
  return table.ok && table.value !== undefined ? table.value.entries.slice(1, -1) : [];
}

/** Reads the seek table at the end of a file; `undefined` if there is none. */
function readSeekTable(read: ReadAt, fileSize: number): Result<SeekTable | undefined> {
  if (fileSize < SKIPPABLE_HEADER + SEEK_FOOTER_SIZE) return ok(undefined);
  const footer = viewOf(read(fileSize - SEEK_FOOTER_SIZE, SEEK_FOOTER_SIZE));
  const whole = footer.byteLength === SEEK_FOOTER_SIZE;
  if (!whole || footer.getUint32(5, true) !== SEEKABLE_MAGIC) return ok(undefined);
  const count = footer.getUint32(0, true);
  const descriptor = footer.getUint8(4);
  // Only bit 7 has a meaning (entries carry checksums, which mkma does not write); the others must be 0.
  if ((descriptor & 0x7f) !== 0) return err(damaged('its seek table has unknown flags'));
  const stride = descriptor === 0 ? 8 : 12;
  const size = SKIPPABLE_HEADER + count * stride + SEEK_FOOTER_SIZE;
  if (count === 0 || size > fileSize || size > MAX_MANIFEST) {
    return err(damaged(`its seek table lists ${count} frames, more than the file can hold`));
  }
  const table = viewOf(read(fileSize - size, size));
  const complete = table.byteLength === size && table.getUint32(0, true) === SEEK_FRAME;
  if (!complete || table.getUint32(4, true) !== size - SKIPPABLE_HEADER) {
    return err(damaged('its seek table does not begin where its length says'));
  }
  const entries = Array.from({ length: count }, (_, i) => {
    const at = SKIPPABLE_HEADER + i * stride;
    return { size: table.getUint32(at, true), bytes: table.getUint32(at + 4, true) };
  });
  return ok({ entries, at: fileSize - size });
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Whether the segments consist of exactly the frames that the seek table lists, in order. */
function segmentsMatch(segments: readonly Segment[], frames: readonly SeekEntry[]): boolean {
  let taken = 0;
  for (const segment of segments) {
    const own = frames.slice(taken, taken + segment.frames);
    taken += segment.frames;
    const size = own.reduce((sum, frame) => sum + frame.size, 0);
    const bytes = own.reduce((sum, frame) => sum + frame.bytes, 0);
    if (own.length !== segment.frames || size !== segment.size || bytes !== segment.bytes) return false;
  }
  return taken === frames.length;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function decodeManifest(frame: Uint8Array): Result<Manifest> {
  const head = HEAD_SIZE + 4;
  if (frame.length < head) return err(damaged('its manifest is truncated'));
  const view = viewOf(frame);
  const magic = frame.subarray(SKIPPABLE_HEADER, HEAD_SIZE);
  if (view.getUint32(0, true) !== MKMA_FRAME || !sameBytes(magic, MAGIC)) {
    return err(damaged('there is no manifest where the seek table says'));
  }
  const listed = view.getUint32(4, true);
  // Of a file system, whose manifest is the end of the file.
  if (listed > frame.length - SKIPPABLE_HEADER) return err(damaged(TRUNCATED));
  if (listed !== frame.length - SKIPPABLE_HEADER) {
    return err(damaged('its manifest and its seek table give different lengths'));
  }
  const json = frame.subarray(head);
  if (crc32(json) !== view.getUint32(head - 4, true)) {
    return err(damaged("its manifest's checksum does not match"));
  }
  return parseManifest(decodeName(json));
}
