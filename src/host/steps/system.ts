/** The stage that makes `chroot/`: unpacks packages, adds kernel modules, customises. */
import { constants, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { FILES } from '../../core/contract.js';
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
import { step } from '../stage.js';
import { digestInputs, type Inputs } from '../stages/build-state.js';
import type { CacheEntry } from '../stages/cache.js';
import type { overlayTree, Stack } from '../trees/stack.js';
import { addModules } from './added-modules.js';
import { treesOf } from './bootstrap/increments.js';
import { keyReader } from './bootstrap/keys.js';
import { packagesInputs } from './bootstrap/packages.js';
import { withFetched } from './bootstrap/urls.js';
import { buildsInputs, installBuilds } from './builds.js';
import { checkDiskModules } from './disk-modules.js';
import { type KernelSources, kernelInputs, type PlacedKernel, placeKernel } from './kernel.js';
import { type KernelTree, kernelId, kernelTree } from './kernel-tree.js';
import { cachedIndex, ofKernel } from './module-index.js';
import type { BuildSettings } from './settings.js';

/** Increased whenever the same inputs must give another result. */
const RECIPE = '7';

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
    ...lockInputs(settings),
    ...(settings.sourceDateEpoch === undefined
      ? {}
      : { SOURCE_DATE_EPOCH: String(settings.sourceDateEpoch) }),
  };
}

/** What a lock fixes besides packages. */
function lockInputs({ lock }: BuildSettings): Inputs {
  if (lock === undefined) return {};
  const { accounts, keys } = lock;
  const text = JSON.stringify([accounts, keys]);
  return { 'accounts and keys of the lock': digestInputs({ text }).slice(0, 20) };
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

/** A made tree, and what is recorded of it. */
export interface BuiltSystem extends PlacedKernel {
  readonly stack: Stack;
  /** Identifies the kernel's packages; `undefined`: it is not known apart from the other packages. */
  readonly kernelId?: string | undefined;
  /** What was left out, and what else could be. */
  readonly savings: Savings;
}

/** What the tree is made of, from the cache. */
export interface SystemSources extends KernelSources {
  /** What was built from source. */
  readonly builds: readonly CacheEntry[];
}

/** Stacks a tree on lower ones. */
export type Stacking = typeof overlayTree;

/**
 * Makes the tree in `scratch`, over the trees of packages and kernel. `last`: numbers that accounts had in
 * the last build. The caller closes the stack that `stacking` makes, also after a failure.
 */
export async function buildSystem(
  settings: BuildSettings,
  sources: SystemSources,
  scratch: string,
  last: AccountNumbers,
  context: Context,
  stacking: Stacking,
): Promise<Result<BuiltSystem>> {
  const packages = await treesOf(settings, sources.packages, context);
  if (!packages.ok) return packages;
  const own = await kernelTree(settings, sources.kernel, packages.value, context);
  if (!own.ok) return own;
  const lowers = [...packages.value, ...(own.value === undefined ? [] : [own.value.tree])];
  const stacked = await stacking(lowers, scratch, context.signal);
  if (!stacked.ok) return stacked;
  const stack = stacked.value;
  const kernel =
    own.value === undefined
      ? await step(context, 'system', 'kernel', (inner) =>
          placeKernel(settings, sources, stack.root, scratch, inner),
        )
      : await indexOwn(settings, own.value, sources, stack.root, scratch, context);
  if (!kernel.ok) return kernel;
  const savings = await fill(settings, sources, stack.root, kernel.value.release, last, context);
  if (!savings.ok) return savings;
  // Packages do not change a kernel that is not from one.
  const ofOthers = settings.machine.kernel.from === 'debian' ? undefined : 'none';
  const id = own.value === undefined ? ofOthers : kernelId(sources.kernel);
  return ok({ stack, ...kernel.value, kernelId: id, savings: savings.value });
}

/** Indexes the modules of a kernel that is a lower tree. */
async function indexOwn(
  settings: BuildSettings,
  { release, image }: KernelTree,
  { packages, kernel }: KernelSources,
  root: string,
  scratch: string,
  context: Context,
): Promise<Result<PlacedKernel>> {
  const inputs = ofKernel(kernelId(kernel) ?? '', packages, root);
  const indexed = await cachedIndex(settings, inputs, root, release, context);
  if (!indexed.ok) return indexed;
  const copy = join(scratch, FILES.kernel);
  copyFileSync(image, copy, constants.COPYFILE_FICLONE);
  return ok({ release, image: copy });
}

/** Turns the tree of packages and kernel into the machine's. */
async function fill(
  settings: BuildSettings,
  sources: SystemSources,
  root: string,
  release: string,
  last: AccountNumbers,
  context: Context,
): Promise<Result<Savings>> {
  const { hardware, output, sourceDateEpoch: epoch, reach } = settings;
  const machine = withFetched(settings.machine, settings.cache);
  const network = settings.offline !== true;
  const place = { root, output, epoch, kernel: release, fetching: reach.variables, network };
  const tree = new Tree(root, context, epoch, reach.variables, network);
  forbidStarts(tree.files);
  if (sources.builds.length > 0) {
    const installed = await step(context, 'system', 'builds', () =>
      installBuilds(sources.builds, root, context.signal),
    );
    if (!installed.ok) return installed;
  }
  const numbered = await keepTreeNumbers(root, tree.files, machine, last, context.signal);
  if (!numbered.ok) return numbered;
  const hooked = await runHooks('packages', machine, place, context);
  if (!hooked.ok) return hooked;
  const customised = await step(context, 'system', 'customising', (inner) =>
    customise(tree.reporting(inner), machine, settings.programs, keyReader(settings)),
  );
  if (!customised.ok) return customised;
  for (const problem of unnamedEngines(root, machine)) context.emit({ type: 'warning', problem });
  const finished = await runHooks('system', machine, place, context);
  if (!finished.ok) return finished;
  // Also of those that hooks and the definition have made.
  const all = await keepTreeNumbers(root, tree.files, machine, last, context.signal);
  if (!all.ok) return all;
  for (const one of all.value) context.emit({ type: 'note', text: displacedText(one) });
  const added = await step(context, 'system', 'kernel modules', (inner) => addModules(root, release, inner));
  if (!added.ok) return added;
  const mountable = await checkDiskModules(root, release, machine);
  if (!mountable.ok) return mountable;
  clean(tree, machine);
  endForbidding(tree.files);
  const open = openToAll(root, machine);
  if (open !== undefined) return err(open);
  markUpdated(root);
  return step(context, 'system', 'leaving out unwanted parts', () =>
    leaveOut({
      ...{ root, release, parts: machine.without, hardware },
      needed: [...GENERIC_MODULES, ...machine.initramfs.extraModules],
      kept: machine.keepModules,
      signal: context.signal,
    }),
  );
}

function displacedText({ kind, name, from, to, by }: Displaced): string {
  const what = kind === 'users' ? 'user' : 'group';
  return `${what} ${name} is ${to}, no longer ${from} as in the last build: ${by} has that number`;
}
