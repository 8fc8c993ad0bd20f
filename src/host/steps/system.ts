/** The stage that makes `chroot/`: unpacks packages, adds kernel modules, customises. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { AccountNumbers, Displaced } from '../../core/records/kept-numbers.js';
import { err, ok, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { clean, customise, endForbidding, forbidStarts, markUpdated } from '../customise/customise.js';
import { unnamedEngines } from '../customise/engine-unnamed.js';
import { runHooks } from '../customise/hooks.js';
import { customiseInputs } from '../customise/inputs.js';
import { keepTreeNumbers } from '../customise/kept-numbers.js';
import { programDigest } from '../customise/machine-program.js';
import { Tree } from '../customise/tree.js';
import { openToAll } from '../customise/tree-logins.js';
import { digestOfSource } from '../definition/source.js';
import { hardwareDigest } from '../hardware/host-hardware.js';
import { GENERIC_MODULES } from '../initramfs/contents.js';
import { leaveOut, type Savings } from '../leave-out/leave-out.js';
import type { Inputs } from '../stages/build-state.js';
import type { CacheEntry } from '../stages/cache.js';
import { addModules } from './added-modules.js';
import { TREE } from './bootstrap/engine.js';
import { keyReader } from './bootstrap/keys.js';
import { packagesInputs } from './bootstrap/packages.js';
import { buildsInputs, installBuilds } from './builds.js';
import { checkDiskModules } from './disk-modules.js';
import { type KernelSources, kernelInputs, type PlacedKernel, placeKernel } from './kernel.js';
import type { BuildSettings } from './settings.js';
import { unpackTree } from './unpack-tree.js';

/** Increased whenever the same inputs must give another result. */
const RECIPE = '6';

/** Everything `chroot/` depends on; `versions` is the id of the bootstrapped packages. */
export function systemInputs(settings: BuildSettings, versions: string): Inputs {
  const { recipe, ...packages } = packagesInputs(settings);
  return {
    ...packages,
    recipe: `${recipe} ${RECIPE}`,
    'package versions': versions,
    ...kernelInputs(settings),
    ...customiseInputs(settings.machine, digestOfSource(settings.source)),
    ...leftOutInputs(settings),
    ...buildsInputs(settings),
    'mkma on the machine': programDigest(settings.programs),
    ...(settings.sourceDateEpoch === undefined
      ? {}
      : { SOURCE_DATE_EPOCH: String(settings.sourceDateEpoch) }),
  };
}

/** What is left out, and the hardware if it matters. Empty if nothing is, as in records of earlier builds. */
function leftOutInputs({ machine, hardware }: BuildSettings): Inputs {
  if (machine.without.length === 0) return {};
  const byHardware = machine.without.some((part) => part === 'modules' || part === 'firmware')
    ? { hardware: hardwareDigest(hardware) }
    : {};
  const names = [...machine.keepModules, ...machine.initramfs.extraModules];
  const kept = names.length === 0 ? {} : { 'modules kept': names.join(' ') };
  return { without: [...machine.without].sort().join(' '), ...byHardware, ...kept };
}

export interface BuiltSystem extends PlacedKernel {
  /** What was left out, and what else could be. */
  readonly savings: Savings;
  /** The tree, in the scratch folder. */
  readonly root: string;
}

/** What the tree is made of, from the cache. */
export interface SystemSources extends KernelSources {
  /** What was built from source. */
  readonly builds: readonly CacheEntry[];
}

/** Make the tree in `scratch`. `last`: numbers that accounts had in the last build. */
export async function buildSystem(
  settings: BuildSettings,
  sources: SystemSources,
  scratch: string,
  last: AccountNumbers,
  context: Context,
): Promise<Result<BuiltSystem>> {
  const root = join(scratch, 'chroot');
  mkdirSync(root, { mode: 0o755 });
  const say = (line: string): void => context.emit({ type: 'output', stage: 'system', line });
  say('unpacking the packages');
  const unpacked = await unpackTree(join(sources.packages.path, TREE), root, context.signal);
  if (!unpacked.ok) return unpacked;
  say('unpacking the kernel');
  const kernel = await placeKernel(settings, sources, root, scratch, context);
  if (!kernel.ok) return kernel;
  const { machine, hardware, output, sourceDateEpoch: epoch, reach } = settings;
  const { release } = kernel.value;
  const place = { root, output, epoch, kernel: release, fetching: reach.variables };
  const tree = new Tree(root, context, epoch, reach.variables);
  forbidStarts(tree.files);
  const installed = await installBuilds(sources.builds, root, context.signal);
  if (!installed.ok) return installed;
  const numbered = await keepTreeNumbers(root, tree.files, machine, last, context.signal);
  if (!numbered.ok) return numbered;
  const hooked = await runHooks('packages', machine, place, context);
  if (!hooked.ok) return hooked;
  say('customising');
  const customised = await customise(tree, machine, settings.programs, keyReader(settings.cache));
  if (!customised.ok) return customised;
  for (const problem of unnamedEngines(root, machine)) context.emit({ type: 'warning', problem });
  const finished = await runHooks('system', machine, place, context);
  if (!finished.ok) return finished;
  // Also of those that hooks and the definition have made.
  const all = await keepTreeNumbers(root, tree.files, machine, last, context.signal);
  if (!all.ok) return all;
  for (const one of all.value) context.emit({ type: 'note', text: displacedText(one) });
  const added = await addModules(root, release, context);
  if (!added.ok) return added;
  const mountable = await checkDiskModules(root, release, machine);
  if (!mountable.ok) return mountable;
  clean(tree, machine);
  endForbidding(tree.files);
  const open = openToAll(root, machine);
  if (open !== undefined) return err(open);
  markUpdated(root);
  say('leaving out unwanted parts');
  const savings = await leaveOut({
    ...{ root, release, parts: machine.without, hardware },
    needed: [...GENERIC_MODULES, ...machine.initramfs.extraModules],
    kept: machine.keepModules,
    signal: context.signal,
  });
  return savings.ok ? ok({ root, ...kernel.value, savings: savings.value }) : savings;
}

function displacedText({ kind, name, from, to, by }: Displaced): string {
  const what = kind === 'users' ? 'user' : 'group';
  return `${what} ${name} is ${to}, no longer ${from} as in the last build: ${by} has that number`;
}
