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
  /** The words that start zstd; absent: that of this host. */
  readonly zstd?: readonly string[] | undefined;
  /** How many frames to compress in parallel. */
  readonly processors: number;
  /** Folder for files on the way. */
  readonly scratch: string;
  readonly signal?: AbortSignal | undefined;
  /** Called repeatedly with the bytes of archive compressed so far. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
  /** The order in which to compress the segments, by index; default: that of the archive. */
  readonly order?: readonly number[];
  /** Called for each frame in the order of the archive. The receiver owns its file. */
  readonly onFrame: (frame: Frame) => void;
  /** Called, among the frames, for each segment that is not to be compressed. */
  readonly onKept?: (segment: number) => void;
}

/**
 * Compresses segments, given as their chunks; `kept`: there is nothing to do. Throws {@link PackingFailed}.
 * When it settles, no zstd is left running.
 */
export async function compressSegments(
  segments: readonly (Iterable<Uint8Array> | 'kept')[],
  options: SegmentsOptions,
): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  const { level, zstd, processors, scratch, onProgress, order = segments.keys() } = options;
  const lanes = new Lanes(Math.min(processors, MOST) + 1, { folder: scratch, level, zstd, signal });
  const inOrder = new InOrder(segments, options);
  // Passing frames on takes time: lanes are filled first.
  const handOn = (): boolean => inOrder.handOn();
  let count = 0;
  let done = 0;
  const timer = setInterval(() => onProgress?.(done + lanes.compressed), INTERVAL);
  const compress = (lane: Lane, segment: number, index: number): void => {
    const name = `frame.${count++}`;
    lanes.start(lane, async () => {
      const { bytes } = lane;
      const size = await lane.compress(name);
      done += bytes;
      inOrder.take(index, { segment, path: join(scratch, name), size, bytes });
    });
  };
  try {
    for (const segment of order) {
      const chunks = segments[segment];
      if (chunks === undefined || chunks === 'kept') continue;
      let frames = 0;
      let lane: Lane | undefined;
      for (const chunk of chunks) {
        lane ??= await lanes.next(handOn);
        await lane.write(chunk);
        if (lane.bytes < FRAME_TARGET) continue;
        compress(lane, segment, frames++);
        lane = undefined;
      }
      if (lane !== undefined) compress(lane, segment, frames++);
      inOrder.end(segment, frames);
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

/** Frames, passed on in the order of the archive, whichever is done first. */
class InOrder {
  private readonly waiting = new Map<string, Frame>();
  /** The number of frames of the segments that are known as a whole. */
  private readonly frames = new Map<number, number>();
  private segment = 0;
  private index = 0;

  constructor(
    private readonly segments: readonly unknown[],
    private readonly receiver: Pick<SegmentsOptions, 'onFrame' | 'onKept'>,
  ) {}

  /** A frame with its number in its segment. */
  take(index: number, frame: Frame): void {
    this.waiting.set(`${frame.segment} ${index}`, frame);
  }

  /** The segment has no more frames than these. */
  end(segment: number, frames: number): void {
    this.frames.set(segment, frames);
  }

  /** Passes the next one on, if it is done; returns whether it was. */
  handOn(): boolean {
    while (this.frames.get(this.segment) === this.index) this.next();
    if (this.segments[this.segment] === 'kept') {
      this.receiver.onKept?.(this.segment);
      this.next();
      return true;
    }
    const key = `${this.segment} ${this.index}`;
    const first = this.waiting.get(key);
    if (first === undefined) return false;
    this.waiting.delete(key);
    this.index++;
    this.receiver.onFrame(first);
    return true;
  }

  private next(): void {
    this.segment++;
    this.index = 0;
  }
}
