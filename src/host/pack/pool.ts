/** Worker threads that pack segments side by side; their results come in any order. */
import { Worker } from 'node:worker_threads';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { Interrupted } from '../sys/run.js';
import type { FrameSize } from './compress.js';
import type { SegmentJob, SegmentReply } from './segment-worker.js';

export interface PoolOptions {
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
  /** Called with the archive bytes just packed, by any thread. */
  readonly onBytes: (bytes: number) => void;
  /** Called when a segment is packed. */
  readonly onSegment: (index: number, frames: readonly FrameSize[]) => void;
}

/** Pack all jobs. On failure, and when interrupted, the threads are ended before this settles. */
export async function packSegments(jobs: readonly SegmentJob[], options: PoolOptions): Promise<Result<void>> {
  const queue = [...jobs];
  const workers: Worker[] = [];
  try {
    const problem = await new Promise<Problem | undefined>((resolve, reject) => {
      let running = 0;
      const onAbort = (): void => reject(new Interrupted());
      if (options.signal?.aborted) onAbort();
      options.signal?.addEventListener('abort', onAbort, { once: true });
      const next = (worker: Worker): void => {
        const job = queue.shift();
        if (job !== undefined) worker.postMessage(job);
        else if (--running === 0) resolve(undefined);
      };
      const threads = Math.min(options.threads, jobs.length);
      if (threads === 0) resolve(undefined);
      for (let i = 0; i < threads; i++) {
        const worker = new Worker(new URL('./segment-worker.js', import.meta.url));
        workers.push(worker);
        running++;
        worker.on('error', reject);
        worker.on('message', (reply: SegmentReply) => {
          if (reply.type === 'bytes') options.onBytes(reply.bytes);
          else if (reply.type === 'failed') resolve(reply.problem);
          else {
            options.onSegment(reply.index, reply.frames);
            next(worker);
          }
        });
        next(worker);
      }
    });
    return problem === undefined ? ok() : err(problem);
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
