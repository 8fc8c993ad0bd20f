/**
 * An image file: the payload in zstd frames, then two skippable frames that stock tools pass over.
 *
 *   [zstd frame]...                     segment after segment; decompressed in a row they are one newc archive
 *   [skippable 0x184D2A50: manifest]    "MKMAIMG1", CRC-32 of the JSON (little endian), the JSON in UTF-8
 *   [skippable 0x184D2A5E: seek table]  the Zstandard Seekable Format, so that the end of the file leads to the rest
 *
 * Skippable frames: RFC 8878 section 3.1.2. Seek table: contrib/seekable_format/zstd_seekable_compression_format.md
 * of the zstd sources. The manifest's frame is listed in the seek table as a frame that decompresses to nothing,
 * so the listed sizes add up to the place where the seek table begins.
 */
import { concatBytes, crc32 } from './bytes.js';
import { type Manifest, parseManifest, type Segment } from './manifest.js';
import { decodeName, encodeName } from './path.js';
import { err, ok, type Result } from './result.js';

const MANIFEST_FRAME = 0x184d2a50;
const SEEK_FRAME = 0x184d2a5e;
const SEEKABLE_MAGIC = 0x8f92eab1;
const MANIFEST_MAGIC = Uint8Array.from('MKMAIMG1', (c) => c.charCodeAt(0));
const SKIPPABLE_HEADER = 8;

/** Size of the seek table's footer: number of frames, descriptor, magic. The last bytes of every image. */
export const SEEK_FOOTER_SIZE = 9;
/** Largest uncompressed size of one frame in the seekable format. */
export const MAX_FRAME = 2 ** 30;
/** A manifest larger than this is refused unread: nothing mkma writes comes near it. */
export const MAX_MANIFEST = 64 * 2 ** 20;

/** One frame as the seek table lists it. */
export interface SeekEntry {
  readonly size: number;
  readonly bytes: number;
}

/** The manifest's frame, to be written right after the payload. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  const json = encodeName(JSON.stringify(manifest));
  const head = new Uint8Array(SKIPPABLE_HEADER + MANIFEST_MAGIC.length + 4);
  const view = new DataView(head.buffer);
  view.setUint32(0, MANIFEST_FRAME, true);
  view.setUint32(4, MANIFEST_MAGIC.length + 4 + json.length, true);
  head.set(MANIFEST_MAGIC, SKIPPABLE_HEADER);
  view.setUint32(SKIPPABLE_HEADER + MANIFEST_MAGIC.length, crc32(json), true);
  return concatBytes([head, json]);
}

/** The seek table's frame, to be written last. `entries` lists every frame before it, the manifest's included. */
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

/** Reads `length` bytes at `offset` of an image; fewer only where the file ends. */
export type ReadAt = (offset: number, length: number) => Uint8Array;

/** What the end of an image file tells. `manifest` is absent where a plain archive was made by other tools. */
export interface ImageInfo {
  readonly manifest?: Manifest;
}

const plain: Result<ImageInfo> = { ok: true, value: {} };

function damaged(why: string): Result<ImageInfo> {
  return err({ what: 'the image is damaged', why, next: 'copy or build it again' });
}

/**
 * Read the seek table and manifest of an image of `fileSize` bytes. A file that ends in no seek table is a plain
 * archive: accepted, unverified. One that ends in a seek table but does not hold together is refused.
 */
export function readImageInfo(read: ReadAt, fileSize: number): Result<ImageInfo> {
  if (fileSize < SKIPPABLE_HEADER + SEEK_FOOTER_SIZE) return plain;
  const footer = viewOf(read(fileSize - SEEK_FOOTER_SIZE, SEEK_FOOTER_SIZE));
  if (footer.byteLength !== SEEK_FOOTER_SIZE || footer.getUint32(5, true) !== SEEKABLE_MAGIC) return plain;
  const count = footer.getUint32(0, true);
  const descriptor = footer.getUint8(4);
  // Only bit 7 has a meaning (entries carry checksums, which mkma does not write); the others must be 0.
  if ((descriptor & 0x7f) !== 0) return damaged('its seek table has unknown flags');
  const stride = descriptor === 0 ? 8 : 12;
  const tableSize = SKIPPABLE_HEADER + count * stride + SEEK_FOOTER_SIZE;
  if (count === 0 || tableSize > fileSize || tableSize > MAX_MANIFEST) {
    return damaged(`its seek table says ${count} frames, more than the file can hold`);
  }
  const table = viewOf(read(fileSize - tableSize, tableSize));
  const complete = table.byteLength === tableSize && table.getUint32(0, true) === SEEK_FRAME;
  if (!complete || table.getUint32(4, true) !== tableSize - SKIPPABLE_HEADER) {
    return damaged('its seek table does not begin where its length says');
  }
  const last = SKIPPABLE_HEADER + (count - 1) * stride;
  const manifestSize = table.getUint32(last, true);
  // A seekable file of another maker has no manifest frame: plain.
  if (table.getUint32(last + 4, true) !== 0) return plain;
  const frames: SeekEntry[] = [];
  for (let i = 0; i < count - 1; i++) {
    const at = SKIPPABLE_HEADER + i * stride;
    frames.push({ size: table.getUint32(at, true), bytes: table.getUint32(at + 4, true) });
  }
  const payload = frames.reduce((sum, frame) => sum + frame.size, 0);
  if (payload + manifestSize !== fileSize - tableSize) {
    const there = fileSize - tableSize - manifestSize;
    return damaged(`its frames add up to ${payload} bytes, but ${there} lie before the manifest`);
  }
  if (manifestSize > MAX_MANIFEST) return damaged(`its manifest claims ${manifestSize} bytes`);
  const manifest = decodeManifest(read(fileSize - tableSize - manifestSize, manifestSize));
  if (!manifest.ok) return manifest;
  if (!segmentsMatch(manifest.value.segments, frames)) {
    return damaged('its manifest and its seek table tell of different segments');
  }
  return ok({ manifest: manifest.value });
}

/** Whether the segments consist of exactly the frames that the seek table lists, in order. */
function segmentsMatch(segments: readonly Segment[], frames: readonly SeekEntry[]): boolean {
  let next = 0;
  for (const segment of segments) {
    const own = frames.slice(next, next + segment.frames);
    next += segment.frames;
    const size = own.reduce((sum, frame) => sum + frame.size, 0);
    const bytes = own.reduce((sum, frame) => sum + frame.bytes, 0);
    if (own.length !== segment.frames || size !== segment.size || bytes !== segment.bytes) return false;
  }
  return next === frames.length;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function decodeManifest(frame: Uint8Array): Result<Manifest> {
  const head = SKIPPABLE_HEADER + MANIFEST_MAGIC.length + 4;
  const bad = (why: string): Result<Manifest> =>
    err({ what: 'the image is damaged', why, next: 'copy or build it again' });
  if (frame.length < head) return bad('its manifest is cut short');
  const view = viewOf(frame);
  if (view.getUint32(0, true) !== MANIFEST_FRAME) return bad('no manifest lies where the seek table says');
  if (MANIFEST_MAGIC.some((byte, i) => frame[SKIPPABLE_HEADER + i] !== byte)) {
    return bad('no manifest lies where the seek table says');
  }
  if (view.getUint32(4, true) !== frame.length - SKIPPABLE_HEADER)
    return bad('its manifest has another length than the seek table says');
  const json = frame.subarray(head);
  if (crc32(json) !== view.getUint32(head - 4, true)) return bad("its manifest's checksum does not match");
  return parseManifest(decodeName(json));
}
