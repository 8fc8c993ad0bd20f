/**
 * Which automatic layers are merged: those of a day into one, those of a week, and all older ones. What falls
 * out of a period is merged with its neighbour, never dropped.
 */
import type { AutoSettings } from './settings.js';

/** The label of layers that a machine saves by itself. With another label, a layer is a person's own. */
export const AUTO_LABEL = 'auto';

/** Whether a layer of this name was saved by itself, or merged of such. */
export function isAutomatic(name: string): boolean {
  return new RegExp(`^\\d{8}_\\d{6}_${AUTO_LABEL}(_\\d+)?$`).test(name);
}

/** A layer in the order of application. */
export interface DatedLayer {
  readonly name: string;
  /** Whether it was saved by itself, or merged of such: others are never merged, nor across them. */
  readonly automatic: boolean;
  /** When its last change was saved, in milliseconds since the epoch. */
  readonly saved: number;
}

/** Neighbouring layers to merge into one, the lowest first; two or more. */
export type Range = readonly string[];

const DAY = 86_400_000;

/**
 * The ranges that are due, the lowest first. Each period ends with one layer: every day of the `keepDaily`
 * before the last 24 hours, every week of the `keepWeekly` before them, and everything older. Of the last 24
 * hours, `keepRecent` stay apart, the newest ones.
 */
export function mergesDue(
  layers: readonly DatedLayer[],
  settings: Pick<AutoSettings, 'merge' | 'keepRecent' | 'keepDaily' | 'keepWeekly'>,
  now: number,
): readonly Range[] {
  if (!settings.merge) return [];
  const periods = periodsOf(layers, settings, now);
  const ranges: string[][] = [];
  let last: { readonly period: string | undefined; readonly range: string[] } | undefined;
  layers.forEach(({ name }, i) => {
    const period = periods[i];
    if (last !== undefined && period !== undefined && last.period === period) last.range.push(name);
    else {
      last = { period, range: [name] };
      ranges.push(last.range);
    }
  });
  return ranges.filter((range) => range.length > 1);
}

/** The period of each layer; `undefined`: it stays as it is. */
function periodsOf(
  layers: readonly DatedLayer[],
  { keepRecent, keepDaily, keepWeekly }: Pick<AutoSettings, 'keepRecent' | 'keepDaily' | 'keepWeekly'>,
  now: number,
): (string | undefined)[] {
  const times = plausibleTimes(
    layers.map(({ saved }) => saved).map((time) => (time > now ? undefined : time)),
  );
  let recent = 0;
  const periodOf = (automatic: boolean, time: number): string | undefined => {
    if (!automatic) return undefined;
    if (now - time < DAY) return ++recent > keepRecent ? 'earlier today' : undefined;
    const day = Math.floor(now / DAY) - Math.floor(time / DAY);
    if (day <= keepDaily) return `day ${Math.floor(time / DAY)}`;
    return day <= keepDaily + 7 * keepWeekly ? `week ${Math.floor(time / DAY / 7)}` : 'older';
  };
  // The newest first, of which some are counted.
  return layers
    .map(({ automatic }, i) => [automatic, times[i] ?? now] as const)
    .reverse()
    .map(([automatic, time]) => periodOf(automatic, time))
    .reverse();
}

/**
 * Times that do not decrease: those that most layers agree on (a longest such sequence). The others, of a
 * clock that was wrong, become that of the next layer above; `undefined` if there is none.
 */
function plausibleTimes(times: readonly (number | undefined)[]): (number | undefined)[] {
  /** For each layer the length of the longest sequence that ends with it, and the layer before it there. */
  const ends: { readonly length: number; readonly before: number }[] = [];
  times.forEach((time, i) => {
    let [length, before] = [time === undefined ? 0 : 1, -1];
    for (let j = 0; j < i && time !== undefined; j++) {
      const [other, end] = [times[j], ends[j]];
      if (other !== undefined && end !== undefined && other <= time && end.length >= length)
        [length, before] = [end.length + 1, j];
    }
    ends.push({ length, before });
  });
  const longest = Math.max(0, ...ends.map(({ length }) => length));
  const right = new Set<number>();
  for (let i = longest === 0 ? -1 : ends.findLastIndex(({ length }) => length === longest); i >= 0; ) {
    right.add(i);
    i = ends[i]?.before ?? -1;
  }
  let above: number | undefined;
  return times
    .map((_, i) => i)
    .reverse()
    .map((i) => {
      if (right.has(i)) above = times[i];
      return above;
    })
    .reverse();
}
