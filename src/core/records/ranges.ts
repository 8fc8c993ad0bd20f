/** Ranges of numbers that subuid(5) and subgid(5) give to accounts, for containers without root. */
import type { Entries } from './database.js';

interface Range {
  readonly start: number;
  readonly count: number;
}

/** The first number of ranges that are given out (SUB_UID_MIN in login.defs(5)). */
const FIRST = 100_000;

function rangesIn(record: string): Range[] {
  return record.split('\n').flatMap((line) => {
    const [, start = '', count = ''] = line.split(':');
    return /^\d+$/.test(start) && /^\d+$/.test(count) ? [{ start: Number(start), count: Number(count) }] : [];
  });
}

/**
 * A number of a range in words that hold wherever the range is: the account, a colon, and how many numbers of
 * the account come before it. `undefined` if it is in none.
 */
export function inRange(entries: Entries, number: number): string | undefined {
  for (const [name, record] of entries) {
    let before = 0;
    for (const { start, count } of rangesIn(record)) {
      if (number >= start && number < start + count) return `${name}:${before + number - start}`;
      before += count;
    }
  }
  return undefined;
}

/** The number that such words mean here; `undefined` if the account has no such range. */
export function rangeNumber(entries: Entries, words: string): number | undefined {
  const [name = '', index = ''] = words.split(':');
  let left = Number(index);
  for (const { start, count } of rangesIn(entries.get(name) ?? '')) {
    if (left < count) return start + left;
    left -= count;
  }
  return undefined;
}

/** The records, those of the layer with ranges of their own: who has one below keeps it. */
export function placeRanges(below: Entries, made: Entries): Map<string, string> {
  const result = new Map(made);
  const kept = [...made].filter(([name, record]) => below.get(name) === record);
  const taken = [...kept, ...below].flatMap(([, record]) => rangesIn(record));
  const end = ({ start, count }: Range): number => start + count;
  const overlaps = (one: Range): boolean => taken.some((two) => one.start < end(two) && two.start < end(one));
  for (const [name, record] of made) {
    const before = below.get(name);
    if (before === record) continue;
    if (before !== undefined) {
      result.set(name, before);
      continue;
    }
    const placed = record.split('\n').map((line) => {
      const [range] = rangesIn(line);
      if (range === undefined) return line;
      const start = overlaps(range) ? Math.max(FIRST, ...taken.map(end)) : range.start;
      taken.push({ start, count: range.count });
      return line.split(':').with(1, String(start)).join(':');
    });
    result.set(name, placed.join('\n'));
  }
  return result;
}
