/** Checks of this host and its folders before a build starts. */
import { err, ok, type Result } from '../../core/result.js';
import { nameOf } from '../definition/issues.js';
import type { MachineConfig } from '../definition/machine.js';
import { findEntry } from '../stages/cache.js';
import { foreignCache, prepareCache } from '../stages/cache-folders.js';
import { requireSpace } from '../sys/output.js';
import { checkFolder, checkProcess } from '../sys/preflight.js';
import { usableIds } from '../sys/user-namespace.js';
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
  const foreign = foreignCache(settings.cache, settings.owner);
  if (foreign?.kind === 'failure') return err(foreign);
  if (foreign !== undefined) context.emit({ type: 'warning', problem: foreign });
  const kernel = checkKernel(settings);
  if (!kernel.ok) return kernel;
  const process = checkProcess();
  if (!process.ok) return process;
  const owners = requireIds(settings.machine.files, usableIds());
  if (!owners.ok) return owners;
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

/** Without root, ids end with the subordinate ranges: fails if an owner of `files` is beyond them. */
function requireIds(files: MachineConfig['files'], usable: number): Result<void> {
  for (const [path, file] of Object.entries(files)) {
    const owner = typeof file === 'object' && 'owner' in file ? file.owner : undefined;
    const beyond = owner?.split(':').find((word) => /^\d+$/.test(word) && Number(word) >= usable);
    if (beyond === undefined) continue;
    const field = ['files', path, 'owner'];
    return err({
      code: 'id-out-of-range',
      what: 'an id is beyond those of a build without root',
      ...{ where: `${nameOf(field)}: ${owner}`, field },
      why: `ids end at ${usable - 1}: those of /etc/subuid and /etc/subgid have no ${beyond}`,
      next: 'use a smaller id, give yourself a larger range (usermod --add-subuids), or build with sudo',
    });
  }
  return ok();
}
