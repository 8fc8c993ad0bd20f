/** Packages by adding to a cached tree of others, if that gives what installing all of them would. */
import { ok, type Result } from '../../../core/result.js';
import type { Context } from '../../context.js';
import { type CacheEntry, cached } from '../../stages/cache.js';
import { makeScratch } from '../../sys/scratch.js';
import { canOverlay } from '../../trees/stack.js';
import { makeIncrement } from './increment.js';
import { MORE, ownInputs, type Parent } from './increments.js';
import type { BootstrapSettings, Part } from './part.js';

/** Ends the making of an entry that would not be exact. */
class NotExact extends Error {}

/** The entry, or why all packages have to be installed again. */
export type Added = CacheEntry | { readonly slow: string };

export async function addPackages(
  settings: BootstrapSettings,
  part: Part,
  parent: Parent,
  context: Context,
): Promise<Result<Added>> {
  if (parent.added.some((name) => name.includes('@'))) return ok({ slow: 'a package file is new' });
  if ((part.foreignArchitectures ?? []).length > 0) return ok({ slow: 'it has several architectures' });
  if (!(await canStack(settings, context))) return ok({ slow: 'the cache cannot be below an overlay' });
  try {
    return await cached(settings.cache, {
      kind: MORE,
      inputs: { ...part.inputs, ...ownInputs(), parent: `${parent.entry.id} of ${parent.entry.at}` },
      refresh: false,
      signal: context.signal,
      onWait: () =>
        context.emit({
          ...{ type: 'output', stage: part.stage },
          line: 'waiting for another build that adds the same packages',
        }),
      async make(folder) {
        const made = await makeIncrement({ settings, part, parent, context }, folder);
        if (!made.ok || typeof made.value === 'string') return made as Result<string>;
        throw new NotExact(made.value.slow);
      },
    });
  } catch (cause) {
    if (cause instanceof NotExact) return ok({ slow: cause.message });
    throw cause;
  }
}

async function canStack({ cache }: BootstrapSettings, { signal }: Context): Promise<boolean> {
  const scratch = await makeScratch(`${cache}/tmp`, signal);
  if (!scratch.ok) return false;
  try {
    return await canOverlay(scratch.value.path, signal);
  } finally {
    scratch.value.remove();
  }
}
