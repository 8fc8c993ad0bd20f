/** The zstd level of a layer, unless one is requested. */
import type { ImageFormat } from '../../../core/contract.js';

/**
 * Bytes that one processor packs in a second, by level: programs and libraries, on machines of 2024
 * (docs/performance.md, "Saving").
 */
const RATES: readonly (readonly [level: number, rate: number])[] = [
  [19, 2e6],
  [17, 3e6],
  [15, 6e6],
  [13, 9e6],
  [12, 22e6],
  [10, 33e6],
];

/** Seconds that people wait for what they save, and bytes up to which a high level is worth that. */
const PATIENCE = 10;
const LARGE = 500e6;
/** Of what is larger; it makes 7 % more than the highest. */
const FAST = 3;

/**
 * Of a file system always 3: its clusters are small, so a higher one gains little, for a hundred times the
 * time. Of an archive the highest at which that many bytes are packed in about {@link PATIENCE}.
 */
export function levelFor(format: ImageFormat, bytes: number, processors: number): number {
  if (format === 'erofs' || bytes > LARGE) return FAST;
  return RATES.find(([, rate]) => bytes <= rate * processors * PATIENCE)?.[0] ?? FAST;
}
