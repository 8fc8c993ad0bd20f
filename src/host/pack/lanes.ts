/** Files to be compressed side by side: while some are, the next one is written. */
import { join } from 'node:path';
import { RawFile } from './compress.js';

export class Lanes {
  private readonly files: readonly RawFile[];
  private readonly idle: RawFile[];
  private readonly running = new Set<Promise<void>>();
  private failure: { readonly cause: unknown } | undefined;

  /** `count` files are made in the folder `scratch`. */
  constructor(count: number, scratch: string) {
    this.files = Array.from({ length: count }, (_, i) => new RawFile(join(scratch, `raw.${i}`)));
    this.idle = [...this.files];
  }

  /** An empty file, as soon as there is one. Throws what a task threw. */
  async next(): Promise<RawFile> {
    for (;;) {
      if (this.failure !== undefined) throw this.failure.cause;
      const file = this.idle.pop();
      if (file === undefined) await Promise.race(this.running);
      else {
        file.begin();
        return file;
      }
    }
  }

  /** Let a task have the file until the task has ended. */
  start(file: RawFile, task: (file: RawFile) => Promise<void>): void {
    const running = task(file)
      .then(
        () => this.idle.push(file),
        (cause: unknown) => {
          this.failure ??= { cause };
        },
      )
      .then(() => {
        this.running.delete(running);
      });
    this.running.add(running);
  }

  /** Wait for all tasks. Throws what one of them threw. */
  async finish(): Promise<void> {
    await Promise.all(this.running);
    if (this.failure !== undefined) throw this.failure.cause;
  }

  /** Wait for all tasks, however they end, and close the files. */
  async close(): Promise<void> {
    await Promise.all(this.running);
    for (const file of this.files) file.close();
  }
}
