/** The end of a build: packages, time by stage, and what earlier builds saved it. Pure. */
import { formatBytes } from '../../core/text/size.js';
import { formatMoment } from '../../core/text/time.js';
import type { PackageSize } from '../pack/package-sizes.js';
import type { KeptStage } from '../steps/pipeline.js';
import type { StageTime, Times } from '../times.js';

/** Facts about a build, as its JSON has them. */
export interface BuildFacts {
  readonly packages: { readonly count: number; readonly largest: readonly PackageSize[] };
  /** Seconds in all; stages that ran side by side overlap. */
  readonly seconds: number;
  readonly stages: readonly StageTime[];
  readonly saved: {
    /** Stages taken from the cache, and the output folder's own that stayed. */
    readonly reused: readonly string[];
    readonly kept: readonly KeptStage[];
    /** Bytes of packages that were not downloaded again. */
    readonly downloads: number;
  };
  /** Bytes of packages that were downloaded. */
  readonly downloaded: number;
}

export function buildFacts(
  packages: BuildFacts['packages'],
  times: Pick<Times, 'stages' | 'downloads'>,
  kept: readonly KeptStage[],
  seconds: number,
): BuildFacts {
  const reused = times.stages.filter(({ state }) => state === 'reused').map(({ stage }) => stage);
  const { fetched, reused: downloads } = times.downloads;
  const ran = times.stages.filter(({ state }) => state !== 'reused');
  return { packages, seconds, stages: ran, saved: { reused, kept, downloads }, downloaded: fetched };
}

/** Columns of a line's text: with what is before it, a line has at most 100. */
const WIDTH = 66;

/** Lines formatted like the list of output files. */
export function factLines(facts: BuildFacts): string[] {
  const { packages, stages, seconds, saved, downloaded } = facts;
  const { count, largest } = packages;
  const sizes = largest.map(({ name, bytes }) => `${name} ${formatBytes(bytes)}`);
  const took = stages.map((stage) => `${stage.stage} ${secondsOf(stage.seconds)}`);
  return [
    ...lined(
      'packages',
      String(count),
      sizes.length === 0 ? [] : [`largest: ${sizes[0]}`, ...sizes.slice(1)],
    ),
    ...lined('time', secondsOf(seconds), took),
    ...savedLines(saved, downloaded),
  ];
}

function savedLines({ reused, kept, downloads }: BuildFacts['saved'], downloaded: number): string[] {
  const moments = kept.map(({ stage, at }) => `${stage} of ${formatMoment(at)}`);
  const all = downloads + downloaded;
  const parts = [
    ...(reused.length === 0 ? [] : [`from the cache: ${reused.join(', ')}`]),
    ...(moments.length === 0 ? [] : [`kept: ${moments.join(', ')}`]),
    ...(all === 0 ? [] : [`${formatBytes(downloads)} of ${formatBytes(all)} of packages downloaded before`]),
  ];
  return parts.map((part, i) => row(i === 0 ? 'not done again' : '', '', part));
}

function lined(head: string, amount: string, items: readonly string[]): string[] {
  const lines: string[] = [];
  for (const [i, item] of items.entries()) {
    const text = i < items.length - 1 ? `${item},` : item;
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + text.length <= WIDTH) lines.splice(-1, 1, `${last} ${text}`);
    else lines.push(text);
  }
  if (lines.length === 0) return [row(head, amount, '')];
  return lines.map((line, i) => (i === 0 ? row(head, amount, line) : row('', '', line)));
}

function row(head: string, amount: string, text: string): string {
  return `  ${head.padEnd(20)} ${amount.padStart(9)}  ${text}`.trimEnd();
}

function secondsOf(seconds: number): string {
  return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
}
