/** Pack a tree as an image: segments side by side, put in a row, then the manifest and the seek table. */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, readSync, unlinkSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { FORMAT_VERSION } from '../../core/contract.js';
import { newcTrailer } from '../../core/cpio.js';
import { encodeHead, encodeManifest, encodeSeekTable, HEAD_SIZE, type SeekEntry } from '../../core/image.js';
import type { BaseManifest, LayerManifest, Manifest, Segment } from '../../core/manifest.js';
import { ok, type Result } from '../../core/result.js';
import { imageId } from '../images.js';
import { writeAll } from '../sys/files.js';
import { compressFrames, type FrameSize } from './compress.js';
import type { Plan } from './plan.js';
import { packSegments } from './pool.js';

/** What a manifest says besides what the packing itself finds out. */
export type ManifestFacts = Facts<BaseManifest> | Facts<LayerManifest>;
type Facts<M extends Manifest> = Omit<
  M,
  'format' | 'needs' | 'id' | 'unpackedBytes' | 'inodes' | 'root' | 'segments' | 'attributes'
>;

export interface PackOptions {
  readonly root: string;
  readonly plan: Plan;
  readonly facts: ManifestFacts;
  /** zstd level, 1 to 19. */
  readonly level: number;
  /** Folder for the segments' files while they are made; on the same file system as `target`. */
  readonly scratch: string;
  /** The image file to make; must not exist. The caller publishes it. */
  readonly target: string;
  readonly signal?: AbortSignal | undefined;
  /** Called with the archive bytes packed so far; `plan.bytes` is all. */
  readonly onProgress?: (bytes: number) => void;
}

/** Make the image file. Resolves to its manifest. */
export async function packImage(options: PackOptions): Promise<Result<Manifest>> {
  const { plan, level, signal } = options;
  const frames = new Map<number, readonly FrameSize[]>();
  const jobs = plan.segments.map((segment, index) => ({
    index,
    root: options.root,
    segment,
    part: join(options.scratch, `segment.${index}`),
    level,
  }));
  const out = openSync(options.target, 'ax', 0o644);
  try {
    const assembly = new Assembly(out);
    let packed = 0;
    const done = await packSegments(jobs, {
      threads: availableParallelism(),
      signal,
      onBytes: (bytes) => {
        packed += bytes;
        options.onProgress?.(packed);
      },
      onSegment: (index, sizes) => {
        frames.set(index, sizes);
        // Put in a row whatever is complete, while the other segments are still being packed.
        for (
          let job = jobs[assembly.segments.length];
          job !== undefined;
          job = jobs[assembly.segments.length]
        ) {
          const ready = frames.get(job.index);
          if (ready === undefined) break;
          assembly.append(job.part, ready, job.segment.records.length);
        }
      },
    });
    if (!done.ok) return done;
    const trailer = await packTrailer(join(options.scratch, 'segment.end'), level, signal);
    if (!trailer.ok) return trailer;
    assembly.append(join(options.scratch, 'segment.end'), trailer.value, 0);
    return ok(assembly.finish(options.facts, plan));
  } finally {
    closeSync(out);
  }
}

/** The archive's end: a last segment of no records, so that all others stay free of it. */
async function packTrailer(part: string, level: number, signal?: AbortSignal): Promise<Result<FrameSize[]>> {
  const fd = openSync(part, 'ax', 0o600);
  try {
    const trailer = newcTrailer();
    return await compressFrames([trailer], trailer.length, fd, { level, threads: 1, signal });
  } finally {
    closeSync(fd);
  }
}

/** Segments put in a row, each hashed on its way. */
class Assembly {
  readonly segments: Segment[] = [];
  private readonly entries: SeekEntry[] = [{ size: HEAD_SIZE, bytes: 0 }];
  private readonly buffer = Buffer.allocUnsafe(1 << 20);

  constructor(private readonly out: number) {
    writeAll(out, encodeHead());
  }

  /** Append the file `part`, and remove it. */
  append(part: string, frames: readonly FrameSize[], records: number): void {
    const hash = createHash('sha256');
    const size = this.copy(part, hash);
    unlinkSync(part);
    this.entries.push(...frames);
    const bytes = frames.reduce((sum, frame) => sum + frame.bytes, 0);
    this.segments.push({ size, bytes, frames: frames.length, records, sha256: hash.digest('hex') });
  }

  private copy(part: string, hash: Hash): number {
    const fd = openSync(part, 'r');
    let size = 0;
    try {
      for (let n = readSync(fd, this.buffer); n > 0; n = readSync(fd, this.buffer)) {
        const piece = this.buffer.subarray(0, n);
        hash.update(piece);
        writeAll(this.out, piece);
        size += n;
      }
    } finally {
      closeSync(fd);
    }
    return size;
  }

  finish(facts: ManifestFacts, plan: Plan): Manifest {
    const found = {
      unpackedBytes: plan.unpackedBytes,
      inodes: plan.inodes,
      root: plan.root,
      segments: this.segments,
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
