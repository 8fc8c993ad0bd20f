/** Boot programs and the tools that make media, from the built suite. */
import type { Result } from '../../../core/result.js';
import type { Context } from '../../context.js';
import { MEDIUM_PACKAGES } from '../../media/programs.js';
import type { CacheEntry } from '../../stages/cache.js';
import { type BootstrapSettings, bootstrap, LIST, mirrorInputs, planned, TREE } from './engine.js';

/** Takes them from the cache, or fetches them. */
export async function bootstrapMedium(
  settings: Omit<BootstrapSettings, 'machine' | 'sourceDateEpoch'> & { readonly suite: string },
  context: Context,
): Promise<Result<CacheEntry>> {
  const { suite, ...rest } = settings;
  // Whatever the definition adds to its sources: all of these packages are in main.
  const own = { ...rest, machine: { suite, components: ['main'], firmware: [] } };
  return bootstrap(own, context, {
    stage: 'medium',
    inputs: { ...mirrorInputs(own), packages: MEDIUM_PACKAGES.join(' ') },
    variant: 'extract',
    packages: MEDIUM_PACKAGES,
    finish: [planned(MEDIUM_PACKAGES)],
    makes: [TREE, LIST],
  });
}
