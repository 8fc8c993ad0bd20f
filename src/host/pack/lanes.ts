/** Files compressed in parallel: the next one is written meanwhile. */
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { RawFile } from './compress.js';
import { Compressor, type CompressorOptions } from './compressor.js';
import { PackingFailed } from './failed.js';

/** A file and its zstd. */
export class Lane {
  readonly raw: RawFile;
  private readonly compressor: Compressor;

  /** Both are created in the folder; `name` has no blanks. */
  constructor(
    private readonly name: string,
    options: CompressorOptions,
  ) {
    this.raw = new RawFile(join(options.folder, name));
    this.compressor = new Compressor(options);
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
    const size = await this.compressor.compress(this.name, to);
    if (!size.ok) throw new PackingFailed(size.problem);
    return size.value;
  }

  async close(): Promise<void> {
    this.raw.close();
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
    private readonly options: CompressorOptions,
  ) {}

  /** A lane with an empty file, once there is one; {@link Meanwhile} until then. Throws what a task threw. */
  async next(meanwhile: Meanwhile): Promise<Lane> {
    for (;;) {
      if (this.failure !== undefined) throw this.failure.cause;
      const lane = this.idle.pop() ?? this.another();
      if (lane === undefined) await this.one(meanwhile);
      else {
        lane.raw.begin();
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
