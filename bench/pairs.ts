/** Two ways of doing one thing, in turns: what else the machine does hits both alike. */

/** What was measured of one way, in the order of the runs. */
export interface Series {
  readonly name: string;
  readonly seconds: readonly number[];
}

export interface Pair {
  readonly what: string;
  readonly ours: Series;
  readonly theirs: Series;
  /** Median of the ratios ours / theirs of each turn. */
  readonly ratio: number;
  /** Ratio of the two fastest runs: the least disturbed ones. */
  readonly bestRatio: number;
  /** What the ratio is to stay below. */
  readonly goal: number;
}

/** Measures one run, in seconds. */
export type Measure = () => Promise<number>;

export interface Contest {
  readonly what: string;
  readonly goal: number;
  readonly ours: { readonly name: string; readonly run: Measure };
  readonly theirs: { readonly name: string; readonly run: Measure };
}

/** Run both in turns, `runs` times after one turn that does not count (it fills the page cache), if there is to be one. */
export async function compare(contest: Contest, runs: number, warmUp = true): Promise<Pair> {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let turn = warmUp ? -1 : 0; turn < runs; turn++) {
    const a = await contest.ours.run();
    const b = await contest.theirs.run();
    if (turn < 0) continue;
    ours.push(a);
    theirs.push(b);
  }
  return {
    what: contest.what,
    goal: contest.goal,
    ours: { name: contest.ours.name, seconds: ours },
    theirs: { name: contest.theirs.name, seconds: theirs },
    ratio: median(ours.map((seconds, i) => seconds / (theirs[i] as number))),
    bestRatio: Math.min(...ours) / Math.min(...theirs),
  };
}

/** The middle of the values; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error('no values');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const high = sorted[middle] as number;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] as number) + high) / 2;
}
