/** Segments of an earlier image of the same tree, copied where nothing in them has changed. */
import type { Hash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { payloadStart, readFrames, readImageInfo, type SeekEntry } from '../../core/image/image.js';
import type { Segment } from '../../core/image/manifest.js';
import { writeAll } from '../sys/files.js';

/** An image and the keys (segment-keys.ts) of its segments, without the last one, the archive's end. */
export interface EarlierImage {
  readonly path: string;
  readonly keys: readonly string[];
}

/** A segment in the earlier image. */
export interface KeptSegment extends Segment {
  readonly key: string;
  /** Where it begins in the file. */
  readonly offset: number;
  readonly parts: readonly SeekEntry[];
}

/** Thrown where a segment is not what its manifest says. */
export class SegmentDamaged extends Error {
  constructor(readonly key: string) {
    super('damaged');
  }
}

export class KeptSegments {
  private readonly buffer = Buffer.allocUnsafe(2 ** 20);

  private constructor(
    private readonly fd: number,
    private readonly byKey: ReadonlyMap<string, KeptSegment>,
  ) {}

  /** Opens the earlier image. Without one, or if it cannot be read, nothing is kept: everything is packed. */
  static open(image: EarlierImage | undefined): KeptSegments | undefined {
    if (image === undefined) return undefined;
    let fd: number;
    try {
      fd = openSync(image.path, 'r');
    } catch {
      return undefined;
    }
    const byKey = segmentsOf(fd, image.keys);
    if (byKey.size > 0) return new KeptSegments(fd, byKey);
    closeSync(fd);
    return undefined;
  }

  find(key: string): KeptSegment | undefined {
    return this.byKey.get(key);
  }

  /** Appends a segment to a file and feeds its hash; throws {@link SegmentDamaged}. */
  copy({ key, offset, size, sha256 }: KeptSegment, out: number, hash: Hash): void {
    for (let at = 0; at < size; ) {
      const n = readSync(this.fd, this.buffer, 0, Math.min(this.buffer.length, size - at), offset + at);
      if (n === 0) throw new SegmentDamaged(key);
      const piece = this.buffer.subarray(0, n);
      hash.update(piece);
      writeAll(out, piece);
      at += n;
    }
    if (hash.copy().digest('hex') !== sha256) throw new SegmentDamaged(key);
  }

  close(): void {
    closeSync(this.fd);
  }
}

function segmentsOf(fd: number, keys: readonly string[]): Map<string, KeptSegment> {
  const found = new Map<string, KeptSegment>();
  const read = (offset: number, length: number): Uint8Array => {
    const buffer = Buffer.alloc(length);
    return buffer.subarray(0, readSync(fd, buffer, 0, length, offset));
  };
  const { size } = fstatSync(fd);
  const info = readImageInfo(read, size);
  const manifest = info.ok && info.value.format === 'cpio' ? info.value.manifest : undefined;
  if (manifest === undefined || manifest.segments.length !== keys.length + 1) return found;
  const frames = readFrames(read, size);
  let offset = payloadStart(manifest);
  let taken = 0;
  for (const [i, segment] of manifest.segments.entries()) {
    const key = keys[i];
    const parts = frames.slice(taken, taken + segment.frames);
    if (key !== undefined) found.set(key, { ...segment, key, offset, parts });
    offset += segment.size;
    taken += segment.frames;
  }
  return found;
}
