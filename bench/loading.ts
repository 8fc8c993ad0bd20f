/** Loading a base into RAM against the plain pipeline. */
import { BASE_FILES } from '../src/core/contract.js';
import type { EarlyBoot, PeakMemory } from './early-boot.js';
import { compare, type Measure, type Pair } from './pairs.js';

/** Share of the plain pipeline's time that loading may take on two processors: of an archive, of a file system, of one unseen. */
const GOALS = { cpio: 0.5, erofs: 0.2, unchecked: 0.12 };

export interface Loading {
  readonly time: Pair;
  readonly memory: PeakMemory;
  /** A base that is a file system, against the same pipeline. */
  readonly held: Pair;
  /** The same without the check of its content. */
  readonly unchecked: Pair;
}

/** Load in turns. `images` and `held` are folders with the two forms of a base. */
export async function benchLoading(
  early: EarlyBoot,
  images: string,
  held: string,
  runs: number,
): Promise<Loading> {
  const theirs = { name: 'zstd -dc | busybox cpio -id', run: () => early.plain(images) };
  const contest = (what: string, goal: number, name: string, run: Measure): Promise<Pair> =>
    compare({ what, goal, ours: { name, run }, theirs }, runs);
  const { cpio, erofs } = BASE_FILES;
  const words = "mkma: early boot's own code, every checksum verified";
  const time = await contest('loading an archive', GOALS.cpio, words, () => early.load(images, cpio));
  const memory = await early.watch(images, cpio);
  const checked = await contest('loading EROFS', GOALS.erofs, words, () => early.load(held, erofs));
  const bare = "mkma: early boot's own code, the content not checked";
  const unchecked = await contest('loading EROFS', GOALS.unchecked, bare, () =>
    early.load(held, erofs, false),
  );
  return { time, memory, held: checked, unchecked };
}
