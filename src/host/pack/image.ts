/**
 * Packs a tree as an image: segments compressed in parallel and concatenated, then the manifest and the seek
 * table.
 */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readSync, unlinkSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { newcTrailer } from '../../core/archive/cpio.js';
import { FORMAT_VERSION } from '../../core/contract.js';
import type { Plan } from '../../core/image/archive-plan.js';
import {
  encodeHead,
  encodeManifest,
  encodeSeekTable,
  HEAD_SIZE,
  type SeekEntry,
} from '../../core/image/image.js';
import type { BaseManifest, LayerManifest, Manifest } from '../../core/image/manifest.js';
import { ok, type Problem, type Result } from '../../core/result.js';
import { imageId } from '../set/images.js';
import { writeAll } from '../sys/files.js';
import { archiveChunks } from './archive.js';
import { problemOf } from './failed.js';
import { type EarlierImage, type KeptSegment, KeptSegments, SegmentDamaged } from './kept-segments.js';
import { compressSegments, type Frame } from './segments.js';
import { workOrder } from './work-order.js';

/** Manifest fields that packing does not determine itself. */
type ManifestFacts = BaseFacts | Facts<LayerManifest>;
export type BaseFacts = Facts<BaseManifest>;
type Facts<M extends Manifest> = Omit<
  M,
  | 'format'
  | 'needs'
  | 'id'
  | 'unpackedBytes'
  | 'inodes'
  | 'root'
  | 'segments'
  | 'attributes'
  | 'erofs'
  | 'window'
>;

export interface PackOptions {
  readonly root: string;
  readonly plan: Plan;
  readonly facts: ManifestFacts;
  /** zstd level, 1 to 19. */
  readonly level: number;
  /** The words that start zstd; absent: that of this host. */
  readonly zstd?: readonly string[] | undefined;
  /** Folder for the segments' files while they are made, on the same file system as `target`. */
  readonly scratch: string;
  /** The image file to create; must not exist. The caller publishes it. */
  readonly target: string;
  /** One key for each of the plan's segments: those that the earlier image has are copied from it. */
  readonly reuse?: { readonly keys: readonly string[]; readonly earlier?: EarlierImage | undefined };
  readonly signal?: AbortSignal | undefined;
  readonly onWarning?: (problem: Problem) => void;
  /** Called repeatedly with the archive bytes packed so far, up to `plan.bytes`. */
  readonly onProgress?: (bytes: number) => void;
}

/** An image that was made. */
export interface PackedImage {
  readonly manifest: Manifest;
  /** Number of segments that were copied from the earlier one. */
  readonly kept: number;
}

/** Creates the image file. Where a segment of the earlier image is damaged, begins again without it. */
export async function packImage(options: PackOptions): Promise<Result<PackedImage>> {
  const kept = KeptSegments.open(options.reuse?.earlier);
  const damaged = new Set<string>();
  try {
    for (;;) {
      try {
        return ok(
          await packOnce(options, scratchOf(options, damaged.size), keptOf(options, kept, damaged), kept),
        );
      } catch (cause) {
        if (!(cause instanceof SegmentDamaged)) return problemOf(cause);
        damaged.add(cause.key);
        unlinkSync(options.target);
        if (damaged.size === 1) options.onWarning?.(damagedSegment(options.reuse?.earlier?.path));
      }
    }
  } finally {
    kept?.close();
  }
}

/** A folder for each attempt: what the one before left is in the way. */
function scratchOf({ scratch }: PackOptions, attempt: number): string {
  if (attempt === 0) return scratch;
  const folder = join(scratch, `attempt-${attempt}`);
  mkdirSync(folder);
  return folder;
}

/** For each of the plan's segments the one to copy, if there is one. */
function keptOf(
  { plan, reuse }: PackOptions,
  kept: KeptSegments | undefined,
  damaged: ReadonlySet<string>,
): (KeptSegment | undefined)[] {
  return plan.segments.map((_, i) => {
    const key = reuse?.keys[i] ?? '';
    return damaged.has(key) ? undefined : kept?.find(key);
  });
}

function damagedSegment(path: string | undefined): Problem {
  return {
    code: 'image-damaged',
    what: 'the earlier base is damaged',
    where: path ?? '',
    why: 'the digest of a segment does not match its manifest; it is packed again from chroot/',
    next: 'nothing to do now; if it happens again, check the disk (dmesg, smartctl) and the memory',
  };
}

async function packOnce(
  options: PackOptions,
  scratch: string,
  copies: readonly (KeptSegment | undefined)[],
  kept: KeptSegments | undefined,
): Promise<PackedImage> {
  const { plan, root, level, signal } = options;
  const segments: { records: number; bytes: number; chunks: Iterable<Uint8Array> | 'kept' }[] =
    plan.segments.map(({ records, bytes }, i) => ({
      ...{ records: records.length, bytes },
      chunks: copies[i] === undefined ? archiveChunks(root, records) : 'kept',
    }));
  // The archive's end is a last segment without records, so that all others stay free of it.
  segments.push({ records: 0, bytes: 0, chunks: [newcTrailer()] });
  const copied = copies.reduce((sum, copy) => sum + (copy?.bytes ?? 0), 0);
  const out = openSync(options.target, 'ax', 0o644);
  try {
    const assembly = new Assembly(out);
    await compressSegments(
      segments.map(({ chunks }) => chunks),
      {
        ...{ level, zstd: options.zstd, scratch, signal, processors: availableParallelism() },
        order: workOrder(
          segments.map(({ bytes }) => bytes),
          level,
        ),
        // The trailer is not in the plan.
        onProgress: (done) => options.onProgress?.(Math.min(copied + done, plan.bytes)),
        onFrame: (frame) => assembly.append(frame),
        onKept: (segment) => kept && assembly.copy(segment, copies[segment] as KeptSegment, kept),
      },
    );
    const records = segments.map((segment) => segment.records);
    return {
      manifest: assembly.finish(options, records),
      kept: copies.filter((copy) => copy !== undefined).length,
    };
  } finally {
    closeSync(out);
  }
}

/** Concatenates frames and hashes them. */
class Assembly {
  private readonly segments: { size: number; bytes: number; frames: number; readonly hash: Hash }[] = [];
  private readonly entries: SeekEntry[] = [{ size: HEAD_SIZE, bytes: 0 }];
  private readonly buffer = Buffer.allocUnsafe(2 ** 20);

  constructor(private readonly out: number) {
    writeAll(out, encodeHead());
  }

  /** Appends a frame, and removes its file. */
  append({ segment, path, size, bytes }: Frame): void {
    this.segments[segment] ??= { size: 0, bytes: 0, frames: 0, hash: createHash('sha256') };
    const facts = this.segments[segment];
    this.add(path, facts.hash);
    unlinkSync(path);
    facts.size += size;
    facts.bytes += bytes;
    facts.frames++;
    this.entries.push({ size, bytes });
  }

  /** Appends a segment of an earlier image; throws {@link SegmentDamaged}. */
  copy(segment: number, copy: KeptSegment, from: KeptSegments): void {
    const { size, bytes, frames, parts } = copy;
    const hash = createHash('sha256');
    from.copy(copy, this.out, hash);
    this.segments[segment] = { size, bytes, frames, hash };
    this.entries.push(...parts);
  }

  private add(path: string, hash: Hash): void {
    const fd = openSync(path, 'r');
    try {
      for (let n = readSync(fd, this.buffer); n > 0; n = readSync(fd, this.buffer)) {
        const piece = this.buffer.subarray(0, n);
        hash.update(piece);
        writeAll(this.out, piece);
      }
    } finally {
      closeSync(fd);
    }
  }

  /** Writes what follows the payload. `records`: the number of records of each segment. */
  finish({ facts, plan }: PackOptions, records: readonly number[]): Manifest {
    const segments = this.segments.map(({ hash, ...segment }, i) => ({
      ...segment,
      records: records[i] as number,
      sha256: hash.digest('hex'),
    }));
    const found = {
      unpackedBytes: plan.unpackedBytes,
      inodes: plan.inodes,
      root: plan.root,
      segments,
      attributes: plan.attributes,
    };
    const manifest: Manifest = {
      format: FORMAT_VERSION,
      needs: plan.attributes.length > 0 ? ['attributes'] : [],
      id: imageId({ ...facts, ...found }),
      ...facts,
      ...found,
    };
    const frame = encodeManifest(manifest);
    writeAll(this.out, frame);
    writeAll(this.out, encodeSeekTable([...this.entries, { size: frame.length, bytes: 0 }]));
    return manifest;
  }
}
