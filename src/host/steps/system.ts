/** The stage that makes `chroot/`: packages unpacked, kernel modules put in, customised. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ok, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import type { Inputs } from '../stages/book.js';
import type { CacheEntry } from '../stages/cache.js';
import { run } from '../sys/run.js';
import { packagesInputs, TREE } from './bootstrap.js';
import { customise, machineFiles } from './customise.js';
import { kernelInputs, type PlacedKernel, placeKernel } from './kernel.js';
import { programDigest } from './machine-program.js';
import type { BuildSettings } from './settings.js';

/** Raised whenever the same inputs shall give another result. */
const RECIPE = '2';

/** Everything `chroot/` depends on; `versions` is the id of the bootstrapped packages. */
export function systemInputs(settings: BuildSettings, versions: string): Inputs {
  const { recipe, ...packages } = packagesInputs(settings);
  return {
    ...packages,
    recipe: `${recipe} ${RECIPE}`,
    'package versions': versions,
    ...kernelInputs(settings),
    hostname: settings.machine.hostname,
    files: JSON.stringify(machineFiles(settings.machine)),
    'mkma on the machine': programDigest(settings.programs),
    ...(settings.sourceDateEpoch === undefined
      ? {}
      : { SOURCE_DATE_EPOCH: String(settings.sourceDateEpoch) }),
  };
}

export interface BuiltSystem extends PlacedKernel {
  /** The tree, in the scratch folder. */
  readonly root: string;
}

/** Make the tree in `scratch`. */
export async function buildSystem(
  settings: BuildSettings,
  packages: CacheEntry,
  scratch: string,
  context: Context,
): Promise<Result<BuiltSystem>> {
  const root = join(scratch, 'chroot');
  mkdirSync(root, { mode: 0o755 });
  const say = (line: string): void => context.emit({ type: 'output', stage: 'system', line });
  say('unpacking the packages');
  const unpacked = await unpackTree(join(packages.path, TREE), root, context.signal);
  if (!unpacked.ok) return unpacked;
  say('unpacking the kernel');
  const kernel = await placeKernel(settings, packages, root, scratch, context);
  if (!kernel.ok) return kernel;
  say('customising');
  customise(root, settings.machine, settings.programs, settings.sourceDateEpoch);
  return ok({ root, ...kernel.value });
}

/** Unpack a cached tree with everything a tarball of mmdebstrap holds. */
export async function unpackTree(tarball: string, root: string, signal: AbortSignal): Promise<Result<void>> {
  const args = [
    '-x',
    '-p',
    '--zstd',
    '--numeric-owner',
    '--xattrs',
    '--xattrs-include=*',
    '-f',
    tarball,
    '-C',
    root,
  ];
  const done = await run({ file: 'tar', args }, { signal });
  return done.ok ? ok() : done;
}
