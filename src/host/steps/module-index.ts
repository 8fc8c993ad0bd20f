/**
 * Caches the index of a kernel's modules: depmod(8) reads and unpacks all of them, so it runs once for what
 * came from the mirror.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ok, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { indexModules } from '../kernel/depmod.js';
import { modulesFolder } from '../kernel/module-folders.js';
import type { Inputs } from '../stages/build-state.js';
import { type CacheEntry, cached } from '../stages/cache.js';
import { digestFile } from '../sys/digest.js';
import { resolveInTree } from '../sys/tree-files.js';
import { LIST } from './bootstrap/engine.js';
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

/** What the index of modules in a tree depends on that contains nothing but these entries. */
export function ofEntries(entries: readonly CacheEntry[]): Inputs {
  return { entries: entries.map(({ id, at }) => `${id} of ${at}`).join(', ') };
}

/** The same for a kernel's own modules alone, with the tree's depmod and its configuration (depmod.d(5)). */
export function ofKernel(kernel: string, packages: CacheEntry, root: string): Inputs {
  const list = readFileSync(join(packages.path, LIST), 'utf8');
  const files = ['/etc/depmod.d', '/usr/lib/depmod.d'].flatMap((folder) => {
    const real = resolveInTree(root, folder, true);
    const names = existsSync(real) ? readdirSync(real).sort() : [];
    return names.map((name) => `${folder}/${name} ${digestFile(join(real, name))}`);
  });
  const depmod = (list.match(/^(kmod|libkmod\S*) .*$/gm) ?? []).join(', ');
  return { kernel, depmod, configuration: files.join(', ') };
}

/** Like {@link indexModules}, for a tree whose index depends on `inputs` alone. */
export async function cachedIndex(
  settings: BuildSettings,
  inputs: Inputs,
  root: string,
  release: string,
  { emit, signal }: Context,
): Promise<Result<void>> {
  const folder = join(modulesFolder(root), release);
  const entry = await cached(settings.cache, {
    kind: 'modules',
    inputs: { recipe: RECIPE, release, ...inputs },
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
