/** What was left out and what could be, as text. Pure. */
import { formatBytes } from '../../core/text/size.js';
import { PARTS, type Part } from '../definition/choices.js';
import type { Savings } from './leave-out.js';

/** Smaller savings are not mentioned. */
const WORTHWHILE = 2 ** 20;

/** Lines formatted like the list of output files; none if nothing is known. */
export function savingLines(savings: Savings | undefined): string[] {
  if (savings === undefined) return [];
  const out = PARTS.filter((part) => savings[part].leftOut);
  const more = PARTS.filter((part) => !savings[part].leftOut && savings[part].bytes >= WORTHWHILE);
  const lines = [
    ...(out.length === 0 ? [] : [line('left out', savings, out)]),
    ...(more.length === 0 ? [] : [line('could be left out', savings, more, `: --without ${more.join(',')}`)]),
  ];
  return lines.length === 0 ? [] : ['', ...lines];
}

function line(head: string, savings: Savings, parts: readonly Part[], end = ''): string {
  const total = parts.reduce((sum, part) => sum + savings[part].bytes, 0);
  const each = parts.map((part) => `${part} ${formatBytes(savings[part].bytes)}`).join(', ');
  return `  ${head.padEnd(20)} ${formatBytes(total).padStart(9)}  ${each}${end}`;
}
