/** Boot programs and the tools that make media, from the built suite. */
import type { Result } from '../../../core/result.js';
import type { Context } from '../../context.js';
import { MEDIUM_PACKAGES } from '../../media/programs.js';
import { type CacheEntry, findEntry } from '../../stages/cache.js';
import { bootstrap, LIST, mirrorInputs, planned, TREE } from './engine.js';
import type { BootstrapSettings } from './part.js';

type Settings = Omit<BootstrapSettings, 'machine' | 'sourceDateEpoch' | 'lacking'> & {
  readonly suite: string;
};

/** What they depend on. Whatever the definition adds to its sources: all of these packages are in main. */
function own({ suite, ...rest }: Settings) {
  const settings = { ...rest, machine: { suite, components: ['main'], firmware: [] } };
  return { settings, inputs: { ...mirrorInputs(settings, 'medium'), packages: MEDIUM_PACKAGES.join(' ') } };
}

/** Those that a run as root has fetched into its cache; `undefined`: none has. */
export function fetchedMedium(settings: Settings, cache: string): CacheEntry | undefined {
  return findEntry(cache, 'medium', own(settings).inputs);
}

/** Takes them from the cache, or fetches them, which requires root. */
export async function bootstrapMedium(wanted: Settings, context: Context): Promise<Result<CacheEntry>> {
  const { settings, inputs } = own(wanted);
  return bootstrap(settings, context, {
    stage: 'medium',
    inputs,
    variant: 'extract',
    packages: MEDIUM_PACKAGES,
    finish: [planned(MEDIUM_PACKAGES)],
    makes: [TREE, LIST],
  });
}
