/**
 * Trees that many builds share, unpacked once in the cache: the lower directories of the overlay in which a
 * machine's tree is made. Nothing ever changes them.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ok, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import type { Inputs } from '../stages/build-state.js';
import { type CacheEntry, cached, findEntry } from '../stages/cache.js';
import { fingerprint } from '../stages/fingerprint.js';

/** Increased whenever the same inputs must give another tree. */
const RECIPE = '1';

/**
 * The folder in an entry that is mounted; the tree is the folder `chroot` in it, so that it is no mount point
 * itself.
 */
const LOWER = 'lower';
export const TREE_IN_LOWER = 'chroot';

export interface LowerTree {
  /** What is mounted: a folder with the tree as `chroot`. */
  readonly path: string;
  /** Identifies exactly these files: the fingerprint of the tree. */
  readonly id: string;
  /** The folder of the cache entry, for files beside the tree. */
  readonly entry: string;
  /** Whether it is an overlay's upper directory, with whiteouts and marks. */
  readonly isUpper?: true;
}

/** Everything that a tree depends on. Numbers of owners are those of this namespace. */
function wholeInputs(inputs: Inputs): Inputs {
  return { ...inputs, recipe: RECIPE, namespace: readFileSync('/proc/self/uid_map', 'latin1') };
}

/** Whether the tree need not be made. */
export function hasLowerTree(cache: string, kind: string, inputs: Inputs): boolean {
  return findEntry(cache, kind, wholeInputs(inputs)) !== undefined;
}

/**
 * Takes the tree from the cache, or makes it: `fill` receives the empty tree and the entry's folder. One that
 * is not as it was made is made again.
 */
export async function lowerTree(
  cache: string,
  kind: string,
  inputs: Inputs,
  fill: (tree: string, entry: string) => Promise<Result<void>>,
  { emit, signal }: Context,
): Promise<Result<LowerTree>> {
  const take = (refresh: boolean): Promise<Result<CacheEntry>> =>
    cached(cache, {
      kind,
      inputs: wholeInputs(inputs),
      refresh,
      signal,
      onWait: () =>
        emit({
          type: 'output',
          stage: 'system',
          line: 'waiting for another build that unpacks the same tree',
        }),
      async make(folder) {
        // Old set-user-ID programs must not be within everybody's reach.
        mkdirSync(join(folder, LOWER), { mode: 0o700 });
        const tree = join(folder, LOWER, TREE_IN_LOWER);
        mkdirSync(tree, { mode: 0o755 });
        const filled = await fill(tree, folder);
        return filled.ok ? await fingerprint(tree, signal) : filled;
      },
    });
  for (const again of [false, true]) {
    const entry = await take(again);
    if (!entry.ok) return entry;
    const { path, id } = entry.value;
    const now = await fingerprint(join(path, LOWER, TREE_IN_LOWER), signal);
    if (!now.ok) return now;
    if (now.value === id) return ok({ path: join(path, LOWER), id, entry: path });
    emit({ type: 'warning', problem: changed(path) });
  }
  throw new Error(`the ${kind} of the cache changes while it is made`);
}

function changed(where: string) {
  return {
    code: 'cache-damaged',
    what: 'a tree in the cache is not as it was stored; it is unpacked again',
    where,
    why: 'a crash of this host, or somebody changed it',
    next: 'nothing, if it happens once; else check the disk of the cache',
  } as const;
}
