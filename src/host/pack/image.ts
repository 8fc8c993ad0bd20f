/**
 * Packs a tree as an image: segments compressed in parallel and concatenated, then the manifest and the seek
 * table.
 */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, readSync, unlinkSync } from 'node:fs';
import { availableParallelism } from 'node:os';
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
import { ok, type Result } from '../../core/result.js';
import { imageId } from '../set/images.js';
import { writeAll } from '../sys/files.js';
import { archiveChunks } from './archive.js';
import { problemOf } from './failed.js';
import { compressSegments, type Frame } from './segments.js';

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
  /** Folder for the segments' files while they are made, on the same file system as `target`. */
  readonly scratch: string;
  /** The image file to create; must not exist. The caller publishes it. */
  readonly target: string;
  readonly signal?: AbortSignal | undefined;
  /** Called repeatedly with the archive bytes packed so far, up to `plan.bytes`. */
  readonly onProgress?: (bytes: number) => void;
}

/** Creates the image file. Resolves to its manifest. */
export async function packImage(options: PackOptions): Promise<Result<Manifest>> {
  const { plan } = options;
  const segments: { records: number; chunks: Iterable<Uint8Array> }[] = plan.segments.map(({ records }) => ({
    records: records.length,
    chunks: archiveChunks(options.root, records),
  }));
  // The archive's end is a last segment without records, so that all others stay free of it.
  segments.push({ records: 0, chunks: [newcTrailer()] });
  const out = openSync(options.target, 'ax', 0o644);
  try {
    const assembly = new Assembly(out);
    await compressSegments(
      segments.map(({ chunks }) => chunks),
      {
        level: options.level,
        processors: availableParallelism(),
        scratch: options.scratch,
        signal: options.signal,
        // The trailer is not in the plan.
        onProgress: (done) => options.onProgress?.(Math.min(done, plan.bytes)),
        onFrame: (frame) => assembly.append(frame),
      },
    );
    const records = segments.map((segment) => segment.records);
    return ok(assembly.finish(options, records));
  } catch (cause) {
    return problemOf(cause);
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
    this.copy(path, facts.hash);
    unlinkSync(path);
    facts.size += size;
    facts.bytes += bytes;
    facts.frames++;
    this.entries.push({ size, bytes });
  }

  private copy(path: string, hash: Hash): void {
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
