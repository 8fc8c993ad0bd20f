/** The packages of a machine as a lower tree. */
import { join } from 'node:path';
import type { Result } from '../../../core/result.js';
import type { Context } from '../../context.js';
import { SETTLED, settlePackages } from '../../customise/settle-packages.js';
import { step } from '../../stage.js';
import type { Inputs } from '../../stages/build-state.js';
import type { CacheEntry } from '../../stages/cache.js';
import { hasLowerTree, type LowerTree, lowerTree } from '../../trees/lower.js';
import type { BuildSettings } from '../settings.js';
import { unpackTree } from '../unpack-tree.js';
import { TREE } from './part.js';

const KIND = 'lower-packages';

function inputsOf({ id, at }: CacheEntry): Inputs {
  return { packages: `${id} of ${at}`, settled: SETTLED };
}

/** Whether the tarball of the packages is not read any more. */
export function areUnpacked(cache: string, packages: CacheEntry): boolean {
  return hasLowerTree(cache, KIND, inputsOf(packages));
}

/** The packages as a tree, independent of the order in which they were installed. */
export function packagesTree(
  { cache, sourceDateEpoch }: Pick<BuildSettings, 'cache' | 'sourceDateEpoch'>,
  packages: CacheEntry,
  context: Context,
): Promise<Result<LowerTree>> {
  return lowerTree(
    cache,
    KIND,
    inputsOf(packages),
    (tree) =>
      step(context, 'system', 'unpacking the packages', async () => {
        const unpacked = await unpackTree(join(packages.path, TREE), tree, context.signal);
        return unpacked.ok ? settlePackages(tree, sourceDateEpoch, context.signal) : unpacked;
      }),
    context,
  );
}
