/** A thread that packs segments: reads the tree, feeds zstd, leaves each segment in a file of its own. */
import { closeSync, openSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import type { Problem } from '../../core/result.js';
import { archiveChunks, TreeChanged } from './archive.js';
import { compressFrames, type FrameSize } from './compress.js';
import type { PlannedSegment } from './plan.js';

export interface SegmentJob {
  readonly index: number;
  readonly root: string;
  readonly segment: PlannedSegment;
  readonly part: string;
  readonly level: number;
}

export type SegmentReply =
  | { readonly type: 'bytes'; readonly bytes: number }
  | { readonly type: 'done'; readonly index: number; readonly frames: readonly FrameSize[] }
  | { readonly type: 'failed'; readonly problem: Problem };

async function pack(job: SegmentJob, reply: (message: SegmentReply) => void): Promise<void> {
  const fd = openSync(job.part, 'ax', 0o600);
  try {
    const chunks = archiveChunks(job.root, job.segment.records);
    const frames = await compressFrames(chunks, job.segment.bytes, fd, {
      level: job.level,
      threads: 1,
      onBytes: (bytes) => reply({ type: 'bytes', bytes }),
    });
    if (frames.ok) reply({ type: 'done', index: job.index, frames: frames.value });
    else reply({ type: 'failed', problem: frames.problem });
  } catch (cause) {
    if (!(cause instanceof TreeChanged)) throw cause;
    const next = 'let nothing write into the tree while it is packed, and build again';
    reply({ type: 'failed', problem: { what: 'cannot pack the tree', why: cause.message, next } });
  } finally {
    closeSync(fd);
  }
}

const port = parentPort;
if (port === null) throw new Error('this module runs as a worker thread');
port.on('message', (job: SegmentJob) => {
  pack(job, (message) => port.postMessage(message)).catch((cause: unknown) => {
    throw cause;
  });
});
