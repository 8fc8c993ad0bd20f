/**
 * Caches the index of a kernel's modules: depmod(8) reads and unpacks all of them, so it runs once for what
 * came from the mirror.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ok, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { indexModules } from '../kernel/depmod.js';
import { modulesFolder } from '../kernel/module-folders.js';
import { type CacheEntry, cached } from '../stages/cache.js';
import type { BuildSettings } from './settings.js';

/** Increased whenever the same entries must give other files. */
const RECIPE = '2';
/** The folder of the files in an entry of the cache. */
const FILES = 'modules';
/**
 * Files of the kernel's package that depmod reads; others named so are depmod's own, also if a package ran it
 * already.
 */
const OF_KERNEL = ['modules.order', 'modules.builtin', 'modules.builtin.modinfo'];

/**
 * Like {@link indexModules}, for a tree at `root` that contains nothing but the entries: same entries, same
 * modules, depmod and configuration of depmod.
 */
export async function indexOfEntries(
  settings: BuildSettings,
  entries: readonly CacheEntry[],
  root: string,
  release: string,
  { emit, signal }: Context,
): Promise<Result<void>> {
  const folder = join(modulesFolder(root), release);
  const entry = await cached(settings.cache, {
    kind: 'modules',
    inputs: { recipe: RECIPE, release, entries: entries.map(({ id, at }) => `${id} of ${at}`).join(', ') },
    refresh: false,
    signal,
    onWait: () =>
      emit({ type: 'output', stage: 'system', line: 'waiting for another build that makes the same entry' }),
    async make(made) {
      const done = await indexModules(root, release, signal);
      if (!done.ok) return done;
      mkdirSync(join(made, FILES));
      for (const name of readdirSync(folder).filter(isIndex))
        copyFileSync(join(folder, name), join(made, FILES, name));
      if (!existsSync(join(made, FILES, 'modules.dep')))
        throw new Error(`depmod succeeded but made no modules.dep in ${folder}`);
      return ok(release);
    },
  });
  if (!entry.ok) return entry;
  const from = join(entry.value.path, FILES);
  for (const name of readdirSync(from)) copyFileSync(join(from, name), join(folder, name));
  return ok();
}

function isIndex(name: string): boolean {
  return name.startsWith('modules.') && !OF_KERNEL.includes(name);
}
