/** Pipelines, a few at a time. */
import type { PartResult, Pipeline } from '../system.js';
import type { Jobs } from './jobs.js';

/** Implements `Machine.pipelines` with these jobs. */
export function pipelines(
  jobs: Jobs,
  list: Iterable<Pipeline>,
  limit: number,
  onEnd: (index: number, parts: readonly PartResult[]) => boolean,
): void {
  const waiting = list[Symbol.iterator]();
  const indexes = new Map<number, number>();
  let count = 0;
  let go = true;
  for (;;) {
    while (go && indexes.size < Math.max(1, limit)) {
      const next = waiting.next();
      if (next.done === true) break;
      indexes.set(jobs.begin(next.value), count++);
    }
    if (indexes.size === 0) return;
    const { id, parts } = jobs.wait([...indexes.keys()]);
    const index = indexes.get(id) as number;
    indexes.delete(id);
    if (!onEnd(index, parts)) go = false;
  }
}
