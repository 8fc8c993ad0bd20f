/** Checks of this host and its folders before a build starts. */
import { ok, type Result } from '../../core/result.js';
import { findEntry } from '../stages/cache.js';
import { prepareCache } from '../stages/cache-folders.js';
import { requireSpace } from '../sys/output.js';
import { checkFolder, checkProcess } from '../sys/preflight.js';
import { packagesInputs } from './bootstrap/packages.js';
import { checkKernel } from './kernel.js';
import type { Work } from './work.js';

/** Room that a console build takes at most: the tree twice, the images twice, the segments once. */
const SPACE = { output: 1.5 * 2 ** 30, cache: 1 * 2 ** 30 };

/** Whether this host can build: reports what would fail half-way before anything is fetched. */
export async function checkAhead(
  { settings, output, context }: Work,
  bootstrapping: boolean,
): Promise<Result<void>> {
  const cache = prepareCache(settings.cache);
  if (!cache.ok) return cache;
  const kernel = checkKernel(settings);
  if (!kernel.ok) return kernel;
  const process = checkProcess();
  if (!process.ok) return process;
  const room = requireSpace(output.path, SPACE.output, 'the images');
  if (!room.ok) return room;
  const names = { what: 'the output folder', option: '--output' };
  const tried = await checkFolder(output.scratch.path, names, context.signal);
  if (!tried.ok || !bootstrapping) return tried;
  const known = findEntry(settings.cache, 'packages', packagesInputs(settings));
  if (known !== undefined) return ok();
  const cacheRoom = requireSpace(settings.cache, SPACE.cache, 'the package cache');
  if (!cacheRoom.ok) return cacheRoom;
  return checkFolder(settings.cache, { what: 'the cache folder', option: '--cache' }, context.signal);
}
