/** Early boot's programs, from the built suite. */
import type { Result } from '../../../core/result.js';
import type { Context } from '../../context.js';
import { TOOL_PACKAGES } from '../../initramfs/contents.js';
import type { Inputs } from '../../stages/build-state.js';
import type { CacheEntry } from '../../stages/cache.js';
import type { BuildSettings } from '../settings.js';
import { bootstrap, LIST, mirrorInputs, TREE } from './engine.js';

export function toolsInputs(settings: BuildSettings): Inputs {
  return { ...mirrorInputs(settings), packages: TOOL_PACKAGES.join(' ') };
}

/** The programs of early boot with their libraries, from the built suite. */
export async function bootstrapTools(settings: BuildSettings, context: Context): Promise<Result<CacheEntry>> {
  // Nothing is installed here, so apt itself has to report what it took.
  const list = `set -e
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
plan=$(apt-get --simulate --no-install-recommends install ${TOOL_PACKAGES.join(' ')})
printf '%s\\n' "$plan" | sed -n 's/^Inst \\([^ ]*\\) (\\([^ ]*\\) .*/\\1 \\2/p' > "$MKMA_ENTRY/${LIST}"`;
  return bootstrap(settings, context, {
    stage: 'tools',
    inputs: toolsInputs(settings),
    variant: 'extract',
    packages: TOOL_PACKAGES,
    finish: [list],
    makes: [TREE, LIST],
  });
}
