/** What the stages are made of, from the mirror or the cache. */
import { ok, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import type { CacheEntry } from '../stages/cache.js';
import { bootstrapKernel, kernelReleaseIn } from './bootstrap/kernel.js';
import { fetchKeys } from './bootstrap/keys.js';
import { bootstrapPackages } from './bootstrap/packages.js';
import { bootstrapTools } from './bootstrap/tools.js';
import { makeBuilds } from './builds.js';
import { knownRelease } from './kernel.js';
import type { BuildSettings } from './settings.js';

/** What came from the mirror: a cache entry if a stage has to run, else only its recorded id. */
export interface Source {
  readonly id: string;
  readonly entry?: CacheEntry;
  /** A kernel from another suite than the packages. */
  readonly kernel?: CacheEntry;
  /** What is built from source. */
  readonly builds?: readonly CacheEntry[];
}

function sourceOf(entry: Result<CacheEntry>): Result<Source> {
  return entry.ok ? ok({ id: entry.value.id, entry: entry.value }) : entry;
}

/** The packages, the kernel if it comes from elsewhere, and what is built from source. */
export async function bootstrapSystem(settings: BuildSettings, context: Context): Promise<Result<Source>> {
  const keys = await fetchKeys(settings, context);
  if (!keys.ok) return keys;
  const system = await bootstrapPackages(settings, context);
  const packages = sourceOf(system);
  if (!system.ok || !packages.ok) return packages;
  const kernel = await bootstrapKernel(settings, context);
  if (!kernel.ok) return kernel;
  const release = knownRelease(settings) ?? kernelReleaseIn(kernel.value ?? system.value);
  const builds = await makeBuilds(settings, release, context);
  if (!builds.ok) return builds;
  const further = [...(kernel.value === undefined ? [] : [kernel.value]), ...builds.value];
  return ok({
    ...packages.value,
    id: [packages.value.id, ...further.map(({ id }) => id)].join(' '),
    ...(kernel.value === undefined ? {} : { kernel: kernel.value }),
    builds: builds.value,
  });
}

/** The programs of early boot. */
export async function bootstrapEarlyBoot(settings: BuildSettings, context: Context): Promise<Result<Source>> {
  return sourceOf(await bootstrapTools(settings, context));
}
