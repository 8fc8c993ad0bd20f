/** Which blocks of an ext4 file system are in use: what is not need not be written. */
import { err, ok, type Result } from '../../core/result.js';
import { run } from '../sys/run.js';
import type { MediumTools } from './programs.js';

/** Bytes of a file, from `start` up to, and without, `end`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** The used ranges of the file system in a file, by its block bitmaps (dumpe2fs(8)). */
export async function usedRanges(
  { programs }: MediumTools,
  file: string,
  signal: AbortSignal,
): Promise<Result<Range[]>> {
  const command = { ...programs.dumpe2fs([file]), env: { LC_ALL: 'C' } };
  const done = await run(command, { signal });
  if (!done.ok) return done;
  const ranges = parseUsed(done.value.stdout);
  if (ranges !== undefined) return ok(ranges);
  return err({
    code: 'program-failed',
    what: 'dumpe2fs printed something else than expected',
    where: file,
    next: 'report it, with the suite of the images',
  });
}

/** What dumpe2fs prints, as used ranges; `undefined`: that is not its output. Pure. */
export function parseUsed(text: string): Range[] | undefined {
  const number = (name: string): number => Number(new RegExp(`^${name}: +(\\d+)$`, 'm').exec(text)?.[1]);
  const [blocks, size] = [number('Block count'), number('Block size')];
  const groups = text.match(/^Group \d+:/gm)?.length ?? 0;
  const lists = [...text.matchAll(/^ {2}Free blocks: *(.*)$/gm)].map(([, list = '']) => list);
  if (!Number.isSafeInteger(blocks * size) || groups === 0 || lists.length !== groups) return undefined;
  const free = lists.flatMap((list) => (list === '' ? [] : list.split(', ').map(ends)));
  const used: Range[] = [];
  let at = 0;
  for (const [first, last] of free) {
    if (Number.isNaN(first) || Number.isNaN(last) || first < at) return undefined;
    if (first > at) used.push({ start: at * size, end: first * size });
    at = last + 1;
  }
  if (at < blocks) used.push({ start: at * size, end: blocks * size });
  return used;
}

/** `17` or `17-99`. */
function ends(text: string): [number, number] {
  const [first, last = first] = text.split('-').map(Number);
  return [first ?? Number.NaN, last ?? Number.NaN];
}
