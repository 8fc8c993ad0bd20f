/**
 * Compresses segments into zstd frames, several at a time. One thread reads the tree, faster than a few
 * processors compress, and zstd processes do the rest in parallel (docs/decisions/0008-packing.md).
 */
import { join } from 'node:path';
import { Interrupted } from '../sys/run.js';
import { type Lane, Lanes } from './lanes.js';

/**
 * Bytes of archive after which a frame ends and the segment continues in another: a usual segment is one
 * frame.
 */
const FRAME_TARGET = 64 * 2 ** 20;
/** Milliseconds between two progress reports: at a high level a frame takes half a minute. */
const INTERVAL = 200;
/** Limit of frames compressed at a time: the files they are made from take up to 64 MiB each. */
const MOST = 16;

export interface Frame {
  /** Index of the segment it belongs to. */
  readonly segment: number;
  /** The file that holds it. */
  readonly path: string;
  /** Compressed bytes. */
  readonly size: number;
  /** Uncompressed bytes. */
  readonly bytes: number;
}

export interface SegmentsOptions {
  /** zstd level, 1 to 19. */
  readonly level: number;
  /** Use zstd's long-distance matching. */
  /** How many frames to compress in parallel. */
  readonly processors: number;
  /** Folder for files on the way. */
  readonly scratch: string;
  readonly signal?: AbortSignal | undefined;
  /** Called repeatedly with the bytes of archive compressed so far. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
  /** Called for each frame in the order of the archive. The receiver owns its file. */
  readonly onFrame: (frame: Frame) => void;
}

/**
 * Compresses segments, given as their chunks. Throws {@link PackingFailed}. When it settles, no zstd is left
 * running.
 */
export async function compressSegments(
  segments: readonly Iterable<Uint8Array>[],
  options: SegmentsOptions,
): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  const { level, processors, scratch, onProgress, onFrame } = options;
  const lanes = new Lanes(Math.min(processors, MOST) + 1, { folder: scratch, level, signal });
  const inOrder = new InOrder(onFrame);
  // Passing frames on takes time: lanes are filled first.
  const handOn = (): boolean => inOrder.handOn();
  let count = 0;
  let done = 0;
  const timer = setInterval(() => onProgress?.(done + lanes.compressed), INTERVAL);
  const compress = (lane: Lane, segment: number): void => {
    const order = count++;
    lanes.start(lane, async () => {
      const name = `frame.${order}`;
      const { bytes } = lane.raw;
      const size = await lane.compress(name);
      done += bytes;
      inOrder.take(order, { segment, path: join(scratch, name), size, bytes });
    });
  };
  try {
    for (const [segment, chunks] of segments.entries()) {
      let lane: Lane | undefined;
      for (const chunk of chunks) {
        lane ??= await lanes.next(handOn);
        await lane.raw.write(chunk, signal);
        if (lane.raw.bytes < FRAME_TARGET) continue;
        compress(lane, segment);
        lane = undefined;
      }
      if (lane !== undefined) compress(lane, segment);
    }
    await lanes.finish(handOn);
    while (handOn()) if (signal.aborted) throw new Interrupted();
    onProgress?.(done);
  } finally {
    clearInterval(timer);
    stop.abort();
    await lanes.close();
  }
}

/** Frames, passed on in the order in which they were begun, whichever is done first. */
class InOrder {
  private readonly waiting = new Map<number, Frame>();
  private next = 0;

  constructor(private readonly onFrame: (frame: Frame) => void) {}

  take(order: number, frame: Frame): void {
    this.waiting.set(order, frame);
  }

  /** Passes the next one on, if it is done; returns whether it was. */
  handOn(): boolean {
    const first = this.waiting.get(this.next);
    if (first === undefined) return false;
    this.waiting.delete(this.next++);
    this.onFrame(first);
    return true;
  }
}
