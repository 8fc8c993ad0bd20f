/** Boot programs and tools for media: from the cache, else from the mirror. */
import { err, ok, type Result } from '../../../core/result.js';
import type { Context } from '../../context.js';
import type { MediumTools } from '../../media/programs.js';
import type { CacheEntry } from '../../stages/cache.js';
import { bootstrapMedium, fetchedMedium } from '../../steps/bootstrap/medium.js';
import { mediumTools, ToolsTree } from '../../steps/tools-tree.js';
import type { InstallOptions } from './options.js';

export interface FetchedTools {
  readonly tools: MediumTools;
  /** Identifies the packages that they are from. */
  readonly toolsId: string;
}

export type FetchOptions = Pick<
  InstallOptions,
  'cache' | 'rootCache' | 'mirrors' | 'reach' | 'refresh' | 'root' | 'mayFetch' | 'offline'
>;

/** Unpacks them into `scratch`. */
export async function fetchTools(
  options: FetchOptions,
  suite: string,
  scratch: string,
  context: Context,
): Promise<Result<FetchedTools>> {
  const entry = await entryOf(options, suite, context);
  if (!entry.ok) return entry;
  const root = await new ToolsTree(entry.value, scratch, context.signal).root();
  if (!root.ok) return root;
  const tools = await mediumTools(root.value);
  return tools.ok ? ok({ tools: tools.value, toolsId: entry.value.id }) : tools;
}

async function entryOf(
  { cache, rootCache, mirrors, reach, refresh, root, mayFetch, offline }: FetchOptions,
  suite: string,
  context: Context,
): Promise<Result<CacheEntry>> {
  const settings = { cache, mirrors, reach, refresh, offline, architecture: 'amd64', suite };
  if (root) return bootstrapMedium(settings, context);
  const known = refresh ? undefined : (fetchedMedium(settings, cache) ?? fetchedMedium(settings, rootCache));
  if (known !== undefined) return ok(known);
  if (mayFetch) return bootstrapMedium(settings, context);
  return err({
    code: 'needs-root',
    what: 'fetching boot programs requires root',
    where: rootCache,
    why: refresh ? '--refresh fetches them again' : 'they are not in the cache yet',
    next: 'run it with sudo once; later it needs no root for a new file. mkma doctor shows why not without root',
  });
}
