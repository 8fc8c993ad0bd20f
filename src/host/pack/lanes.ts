/** Files compressed in parallel: the next one is written meanwhile. */
import { unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { RawFile } from './compress.js';
import { Compressor, type CompressorOptions } from './compressor.js';
import { Entropy } from './entropy.js';
import { PackingFailed } from './failed.js';

/** The level for content that is compressed already: higher ones take up to 30 times as long for nothing. */
const DENSE_LEVEL = 3;

export interface LaneOptions extends CompressorOptions {
  /** zstd level, 1 to 19. */
  readonly level: number;
}

/** A file and its zstd. */
export class Lane {
  private readonly raw: RawFile;
  private readonly entropy = new Entropy();
  private readonly compressor: Compressor;

  /** Both are created in the folder; `name` has no blanks. */
  constructor(
    private readonly name: string,
    private readonly options: LaneOptions,
  ) {
    this.raw = new RawFile(join(options.folder, name));
    this.compressor = new Compressor(options);
  }

  begin(): void {
    this.raw.begin();
    this.entropy.begin();
  }

  /** Appends to its content. */
  async write(chunk: Uint8Array): Promise<void> {
    this.entropy.add(chunk);
    await this.raw.write(chunk, this.options.signal);
  }

  /** Bytes of its content. */
  get bytes(): number {
    return this.raw.bytes;
  }

  /** About how many bytes of its content are compressed. */
  get compressed(): number {
    return Math.min(this.raw.bytes, this.compressor.bytesRead);
  }

  /**
   * Compresses the file's content into the new file `to` of the folder. Resolves to its size, or throws
   * {@link PackingFailed}.
   */
  async compress(to: string): Promise<number> {
    this.raw.end();
    const { level } = this.options;
    const size = await this.compressor.compress(
      this.name,
      to,
      this.entropy.isDense ? Math.min(level, DENSE_LEVEL) : level,
    );
    if (!size.ok) throw new PackingFailed(size.problem);
    return size.value;
  }

  async close(): Promise<void> {
    this.raw.close();
    unlinkSync(this.raw.path);
    await this.compressor.close();
  }
}

/** Does deferred work for a moment; returns whether there was any. */
export type Meanwhile = () => boolean;

export class Lanes {
  private readonly all: Lane[] = [];
  private readonly idle: Lane[] = [];
  private readonly running = new Map<Promise<void>, Lane>();
  private failure: { readonly cause: unknown } | undefined;

  /** Up to `most` lanes, each created on demand. */
  constructor(
    private readonly most: number,
    private readonly options: LaneOptions,
  ) {}

  /** A lane with an empty file, once there is one; {@link Meanwhile} until then. Throws what a task threw. */
  async next(meanwhile: Meanwhile): Promise<Lane> {
    for (;;) {
      if (this.failure !== undefined) throw this.failure.cause;
      const lane = this.idle.pop() ?? this.another();
      if (lane === undefined) await this.one(meanwhile);
      else {
        lane.begin();
        return lane;
      }
    }
  }

  private another(): Lane | undefined {
    if (this.all.length === this.most) return undefined;
    const lane = new Lane(`raw.${this.all.length}`, this.options);
    this.all.push(lane);
    return lane;
  }

  /** Gives the lane to a task until it ends. */
  start(lane: Lane, task: () => Promise<void>): void {
    const running = task()
      .then(
        () => this.idle.push(lane),
        (cause: unknown) => {
          this.failure ??= { cause };
        },
      )
      .then(() => {
        this.running.delete(running);
      });
    this.running.set(running, lane);
  }

  /** About how many bytes the lanes of running tasks have compressed. */
  get compressed(): number {
    return [...this.running.values()].reduce((sum, lane) => sum + lane.compressed, 0);
  }

  /** Waits for all tasks; {@link Meanwhile} until then. Throws what one of them threw. */
  async finish(meanwhile: Meanwhile): Promise<void> {
    while (this.running.size > 0 && this.failure === undefined) await this.one(meanwhile);
    if (this.failure !== undefined) throw this.failure.cause;
  }

  /** Waits for a task to end, or does deferred work and polls. */
  private async one(meanwhile: Meanwhile): Promise<void> {
    if (meanwhile()) await setImmediate();
    else await Promise.race(this.running.keys());
  }

  /** Waits for all tasks, however they end, and for every zstd; closes the files. */
  async close(): Promise<void> {
    await Promise.all(this.running.keys());
    await Promise.all(this.all.map((lane) => lane.close()));
  }
}
