/** Packing against zstd alone on the finished archive, level by level; and packing again after a small change. */
import { appendFileSync, mkdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { BASE_FILES, FILES } from '../src/core/contract.js';
import { packOnce } from './packing.js';
import { type Contest, compare, median, type Pair } from './pairs.js';
import { output, splitTimes, TIMES } from './programs.js';

export const LEVELS = [1, 3, 9, 15, 19] as const;
/** Levels from this one on take so long that a turn that does not count is left out, and others are few. */
const SLOW = 15;
/** Turns of slow levels. */
const SLOW_TURNS = 2;
/** How many times as long as zstd alone packing may take. */
const GOAL = 1.25;
/** The same where one file changed: no floor, since zstd compresses everything. */
const AGAIN_GOAL = 0.6;

/** Times of a level. */
export interface LevelPair extends Pair {
  /** Ratio of the processor time, which other work on the machine disturbs less. */
  readonly processor: number;
}

interface Spent {
  readonly ours: number[];
  readonly theirs: number[];
}

export interface Levels {
  /** By level. */
  readonly pairs: readonly LevelPair[];
  /** Packing again at level 3 after one file changed, against zstd alone on everything. */
  readonly again: LevelPair;
  /** Bytes of mkma's image and of zstd's file, by level. */
  readonly sizes: readonly (readonly [ours: number, theirs: number])[];
}

export interface LevelsOptions {
  readonly images: string;
  readonly scratch: string;
  readonly runs: number;
  readonly levels?: readonly number[];
}

/** Packs chroot/ in turns with `zstd -T` on the archive that it makes. */
export async function benchLevels({
  images,
  scratch,
  runs,
  levels = LEVELS,
}: LevelsOptions): Promise<Levels> {
  const tree = join(images, FILES.chroot);
  const archive = join(scratch, 'archive');
  const packed = join(scratch, 'archive.zst');
  const folder = join(scratch, 'levels');
  output('sh', '-c', 'zstd -dcq "$1" > "$2"', 'sh', join(images, BASE_FILES.cpio), archive);
  const threads = `-T${availableParallelism()}`;
  // Processor time of the turns since the last pair.
  let spent: Spent = { ours: [], theirs: [] };
  const packHere = async (level: number): Promise<number> => {
    const { seconds, processor } = await packOnce(images, tree, folder, level);
    spent.ours.push(processor);
    return seconds;
  };
  const pack = (level: number): Promise<number> => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    return packHere(level);
  };
  const changed = join(tree, 'etc/motd');
  const { size } = statSync(changed);
  const packAgain = (): Promise<number> => {
    appendFileSync(changed, '\n');
    return packHere(3);
  };
  const alone = async (level: number): Promise<number> => {
    const start = performance.now();
    const zstd = ['zstd', '-qf', `-${level}`, threads, archive, '-o', packed];
    const text = output('sh', ...TIMES, ...zstd);
    const seconds = (performance.now() - start) / 1000;
    spent.theirs.push(splitTimes(text).processor);
    return seconds;
  };
  const measured = async (contest: Contest, turns: number, warmUp = true): Promise<LevelPair> => {
    spent = { ours: [], theirs: [] };
    const pair = await compare(contest, turns, warmUp);
    const { ours, theirs } = spent;
    return { ...pair, processor: median(ours.map((seconds, i) => seconds / (theirs[i] as number))) };
  };
  const contest = (level: number) => ({
    what: `packing at level ${level}`,
    goal: GOAL,
    ours: { name: `mkma, level ${level}`, run: () => pack(level) },
    theirs: { name: `zstd ${threads} -${level} on the archive alone`, run: () => alone(level) },
  });
  const pairs: LevelPair[] = [];
  const sizes: (readonly [number, number])[] = [];
  try {
    for (const level of levels) {
      const slow = level >= SLOW;
      pairs.push(await measured(contest(level), slow ? Math.min(runs, SLOW_TURNS) : runs, !slow));
      sizes.push([statSync(join(folder, BASE_FILES.cpio)).size, statSync(packed).size]);
    }
    await pack(3);
    const again = await measured(
      {
        what: 'packing at level 3 again, one file changed',
        goal: AGAIN_GOAL,
        ours: { name: 'mkma', run: packAgain },
        theirs: { name: `zstd ${threads} -3 on the archive alone`, run: () => alone(3) },
      },
      runs,
    );
    return { pairs, again, sizes };
  } finally {
    truncateSync(changed, size);
    for (const path of [archive, packed, folder]) rmSync(path, { recursive: true, force: true });
  }
}
