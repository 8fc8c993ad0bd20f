/** What the stages are made of, from the mirror or the cache. */
import { type Err, ok, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import type { CacheEntry } from '../stages/cache.js';
import { bootstrapKernel, kernelReleaseIn } from './bootstrap/kernel.js';
import { fetchKeys, missingKeys } from './bootstrap/keys.js';
import { bootstrapPackages } from './bootstrap/packages.js';
import { bootstrapTools } from './bootstrap/tools.js';
import { fetchUrls, missingUrls } from './bootstrap/urls.js';
import { makeBuilds, surveyBuilds } from './builds.js';
import { knownRelease } from './kernel.js';
import { Lacking } from './lacking.js';
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
  const files = await fetchUrls(settings, context);
  if (!files.ok) return files;
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

/** Whether a look ended for another reason than something missing. */
function isProblem<T>(result: Result<T>): result is Err {
  return !result.ok && result.problem.code !== 'not-kept';
}

/**
 * Looks whether the cache keeps everything that an offline build will fetch; reports all that it lacks, of
 * all parts. `system`: whether the system's packages are needed, besides the programs of early boot.
 */
export async function surveyOffline(
  asked: BuildSettings,
  system: boolean,
  context: Context,
): Promise<Result<void>> {
  const lacking = new Lacking();
  const settings = { ...asked, lacking };
  const keys = system ? missingKeys(settings) : [];
  for (const line of [...keys, ...(system ? missingUrls(settings) : [])]) lacking.addOther(line);
  const tools = await bootstrapTools(settings, context);
  if (isProblem(tools)) return tools;
  if (system) {
    const kernel = await bootstrapKernel(settings, context);
    if (isProblem(kernel)) return kernel;
    if (keys.length > 0) lacking.addUnknown('packages');
    else {
      const packages = await bootstrapPackages(settings, context);
      if (isProblem(packages)) return packages;
      const found = (kernel.ok ? kernel.value : undefined) ?? (packages.ok ? packages.value : undefined);
      const release = knownRelease(settings) ?? (found === undefined ? undefined : kernelReleaseIn(found));
      const builds = await surveyBuilds(settings, release, lacking, context);
      if (!builds.ok) return builds;
    }
  }
  for (const line of lacking.expired) context.emit({ type: 'note', text: line });
  return lacking.isEmpty ? ok() : lacking.result(settings.cache);
}

/** The programs of early boot. */
export async function bootstrapEarlyBoot(settings: BuildSettings, context: Context): Promise<Result<Source>> {
  return sourceOf(await bootstrapTools(settings, context));
}
