/** Times, progress bars and problems as text. Pure. */
import { type Problem, renderProblem } from '../../core/result.js';
import { formatBytes } from '../../core/text/size.js';
import type { ProgressEvent } from './event.js';

/** Seconds as `0.4 s`, `12 s`, `3:07 min`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 100) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')} min`;
}

/** A bar of `width` characters with percentage and amounts. */
export function formatProgress(event: ProgressEvent, width: number): string {
  const amount = (n: number): string => (event.unit === 'bytes' ? formatBytes(n) : String(n));
  if (event.total === undefined || event.total === 0) return amount(event.done);
  const share = Math.min(1, event.done / event.total);
  const filled = Math.round(share * width);
  const percent = String(Math.floor(share * 100)).padStart(3);
  return `${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${percent}%  ${amount(event.done)} of ${amount(event.total)}`;
}

/** A problem as lines, marked as error or warning. */
export function problemLines(problem: Problem, mark: 'error' | 'warning'): string[] {
  const [first = '', ...rest] = renderProblem(problem);
  return [`${mark}: ${first}`, ...rest];
}

/** Cuts a line to the width of a terminal. */
export function clip(line: string, columns: number): string {
  return line.length <= columns ? line : `${line.slice(0, Math.max(0, columns - 1))}…`;
}
