/** Times, progress bars and problems as text. Pure. */
import { stripVTControlCharacters } from 'node:util';
import { type Problem, renderProblem } from '../../core/result.js';
import { formatBytes } from '../../core/text/size.js';
import type { ProgressEvent } from './event.js';

/** Seconds as `0.4 s`, `12 s`, `3:07 min`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 99.5) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')} min`;
}

type Amount = Pick<ProgressEvent, 'done' | 'total' | 'unit' | 'item'>;

/**
 * Items as `34 of 116: systemd`; bytes as a bar of `width` characters with percentage and amounts, without
 * the bar if `width` is 0.
 */
export function formatProgress({ done, total, unit, item }: Amount, width: number): string {
  if (unit === 'items') {
    const count = total === undefined ? String(done) : `${done} of ${total}`;
    return item === undefined ? count : `${count}: ${item}`;
  }
  if (total === undefined || total === 0) return formatBytes(done);
  const share = Math.min(1, done / total);
  const filled = Math.round(share * width);
  const bar = width === 0 ? '' : `${'█'.repeat(filled)}${'░'.repeat(width - filled)} `;
  const percent = String(Math.floor(share * 100)).padStart(3);
  return `${bar}${percent}%  ${formatBytes(done)} of ${formatBytes(total)}`;
}

/** A problem as lines, marked as error or warning. */
export function problemLines(problem: Problem, mark: 'error' | 'warning'): string[] {
  const [first = '', ...rest] = renderProblem(problem);
  return [`${mark}: ${first}`, ...rest];
}

/** A line of a program as text: without colours, and with spaces for what would move the cursor. */
export function plainText(line: string): string {
  return stripVTControlCharacters(line).replaceAll(/\p{Cc}+/gu, ' ');
}

/**
 * Columns that a character takes at most. East Asian scripts and pictures, all from U+1100 on, may take two;
 * what mkma draws itself (marks, bars) takes one.
 */
function columnsOf(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  return code >= 0x1100 && !(code >= 0x2000 && code < 0x2e80) ? 2 : 1;
}

/** Cuts a line to the width of a terminal. */
export function clip(line: string, columns: number): string {
  let width = 0;
  let kept = '';
  for (const character of line) {
    width += columnsOf(character);
    if (width > columns) return `${cutLast(kept, columns)}…`;
    kept += character;
  }
  return kept;
}

/** Without as many of the last characters as leave a column for another one. */
function cutLast(text: string, columns: number): string {
  const characters = [...text];
  let width = characters.reduce((sum, one) => sum + columnsOf(one), 0);
  while (characters.length > 0 && width > columns - 1) width -= columnsOf(characters.pop() ?? '');
  return characters.join('');
}

/** Breaks a line between words to the width of a terminal; later lines begin with `indent` spaces. */
export function wrap(line: string, columns: number, indent: number): string[] {
  const lines: string[] = [];
  let rest = line;
  while (rest.length > columns) {
    const at = rest.lastIndexOf(' ', columns);
    const begin = lines.length === 0 ? indent : indent + 1;
    if (at <= begin) break;
    lines.push(rest.slice(0, at).trimEnd());
    rest = `${' '.repeat(indent)}${rest.slice(at).trimStart()}`;
  }
  return [...lines, rest];
}
