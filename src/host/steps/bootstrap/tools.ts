/** Early boot's programs, from the built suite. */
import type { Result } from '../../../core/result.js';
import type { Context } from '../../context.js';
import { storageKinds } from '../../definition/storage-kinds.js';
import { TOOL_PACKAGES } from '../../initramfs/contents.js';
import { storagePackages } from '../../initramfs/storage.js';
import type { Inputs } from '../../stages/build-state.js';
import type { CacheEntry } from '../../stages/cache.js';
import type { BuildSettings } from '../settings.js';
import { bootstrap, LIST, mirrorInputs, planned, TREE } from './engine.js';
import type { Part } from './part.js';

export function toolsInputs(settings: BuildSettings): Inputs {
  return { ...mirrorInputs(settings, 'tools'), packages: packagesOf(settings).join(' ') };
}

/** Programs to open encrypted and logical volumes only where they are needed. */
function packagesOf({ machine }: BuildSettings): readonly string[] {
  return [...TOOL_PACKAGES, ...storagePackages(storageKinds(machine))];
}

/** The programs of early boot with their libraries, from the built suite. */
export async function bootstrapTools(settings: BuildSettings, context: Context): Promise<Result<CacheEntry>> {
  return bootstrap(settings, context, toolsPart(settings));
}

/** What is fetched for it. */
export function toolsPart(settings: BuildSettings): Part {
  return {
    stage: 'tools',
    inputs: toolsInputs(settings),
    variant: 'extract',
    packages: packagesOf(settings),
    finish: [planned(packagesOf(settings))],
    makes: [TREE, LIST],
  };
}
