/**
 * The kernel and its modules, from the suite's package or from the building host: found, checked, put in
 * place.
 */
import {
  constants,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { err, ok, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import type { Kernel } from '../definition/machine.js';
import { indexModules } from '../kernel/depmod.js';
import { mergeModules, modulesFolder, otherKernels, tidyModules } from '../kernel/module-folders.js';
import type { Inputs } from '../stages/build-state.js';
import type { CacheEntry } from '../stages/cache.js';
import { removeTree } from '../sys/remove.js';
import { run } from '../sys/run.js';
import { resolveInTree } from '../sys/tree-files.js';
import { KERNEL_PACKAGES, kernelReleaseIn } from './bootstrap/kernel.js';
import { cachedIndex, ofEntries } from './module-index.js';
import type { BuildSettings } from './settings.js';
import { unpackTree } from './unpack-tree.js';

/** Where Debian keeps kernels and modules. */
const HOST = { kernels: '/boot', modules: '/lib/modules' };

export interface PlacedKernel {
  /** `uname -r` of the kernel. */
  readonly release: string;
  /** The kernel itself, in the scratch folder. */
  readonly image: string;
}

/**
 * Inputs of the kernel stage besides the bootstrapped packages. Host files are identified by size and time.
 */
export function kernelInputs(settings: BuildSettings): Inputs {
  const { kernel } = settings.machine;
  if (kernel.from === 'debian')
    return { kernel: ['debian', kernel.suite, kernel.package].filter(Boolean).join(' ') };
  const { release, image, modules } = foreignKernel(kernel);
  const files = [image, join(modules, 'modules.dep')];
  const stamps = files.map((path) => {
    const info = statSync(path, { throwIfNoEntry: false });
    return info === undefined ? 'missing' : `${info.size}@${info.mtimeMs}`;
  });
  return { kernel: `${kernel.from} ${release} ${stamps.join(' ')}` };
}

/** The path of a kernel that is not from a package. */
interface ForeignKernel {
  readonly release: string;
  readonly image: string;
  readonly modules: string;
}

/** The release of a kernel that is not from a package; `undefined`: it is from one. */
export function knownRelease({ machine: { kernel } }: BuildSettings): string | undefined {
  return kernel.from === 'debian' ? undefined : foreignKernel(kernel).release;
}

function foreignKernel(kernel: Exclude<Kernel, { from: 'debian' }>): ForeignKernel {
  if (kernel.from === 'path') return { ...kernel, release: basename(kernel.modules) };
  const { release } = kernel;
  if (release === undefined)
    throw new Error("the host's kernel has no release: the definition was not resolved");
  return { release, image: join(HOST.kernels, `vmlinuz-${release}`), modules: join(HOST.modules, release) };
}

/** Whether the chosen kernel is available, as far as this host knows: before anything is downloaded. */
export function checkKernel(settings: BuildSettings): Result<void> {
  const { kernel } = settings.machine;
  if (kernel.from === 'debian') return ok();
  const { release, image, modules } = foreignKernel(kernel);
  const missing = [image, join(modules, 'modules.dep')].find((path) => !existsSync(path));
  if (missing === undefined) return ok();
  if (kernel.from === 'path') {
    const next = 'name the kernel and the folder that make modules_install filled, as lib/modules/RELEASE';
    return err({
      code: 'kernel-missing',
      what: 'cannot use the kernel',
      where: missing,
      why: 'no such file',
      next,
    });
  }
  return err({
    code: 'kernel-missing',
    what: `cannot use the host's kernel ${release}`,
    where: missing,
    why: 'no such file',
    next: `${hostKernels()}build with Debian's own kernel: --kernel debian`,
  });
}

/**
 * Where modules come from: the entry that the tree was unpacked from, and the one with the kernel's package,
 * often the same.
 */
export interface KernelSources {
  readonly packages: CacheEntry;
  readonly kernel: CacheEntry;
}

/** Puts modules into the tree at `root`, which is as its packages left it, and the kernel into `scratch`. */
export async function placeKernel(
  settings: BuildSettings,
  { packages, kernel: entry }: KernelSources,
  root: string,
  scratch: string,
  context: Context,
): Promise<Result<PlacedKernel>> {
  const { kernel } = settings.machine;
  const placed =
    kernel.from === 'debian'
      ? await takeKernel(entry, root, scratch, context.signal)
      : await copyForeign(foreignKernel(kernel), root, scratch, context);
  if (!placed.ok) return placed;
  const { release } = placed.value;
  tidyModules(root, release);
  for (const problem of otherKernels(root, release)) context.emit({ type: 'warning', problem });
  const indexed =
    kernel.from === 'debian'
      ? await cachedIndex(settings, ofEntries([packages, entry]), root, release, context)
      : await indexModules(root, release, context.signal);
  return indexed.ok ? placed : indexed;
}

/**
 * The kernel of an entry's packages: its modules go into the tree at `root`, it itself to the folder
 * `images`.
 */
export async function takeKernel(
  entry: CacheEntry,
  root: string,
  images: string,
  signal: AbortSignal,
): Promise<Result<PlacedKernel>> {
  const packages = readdirSync(entry.path).filter((each) => KERNEL_PACKAGES.test(each));
  const installed = kernelReleaseIn(entry);
  if (packages.length === 0 && installed !== undefined) return takeInstalled(installed, root, images);
  // In the tree itself, which may be an overlay: from elsewhere its files could not be moved.
  const unpacked = mkdtempSync(join(root, '.mkma-kernel-'));
  try {
    for (const name of packages) {
      const done = await unpackTree(join(entry.path, name), unpacked, signal);
      if (!done.ok) return done;
    }
    // /lib/modules before Debian's packages moved their files below /usr.
    const modules = ['usr/lib/modules', 'lib/modules'].map((path) => join(unpacked, path)).find(existsSync);
    const release = modules === undefined ? undefined : readdirSync(modules)[0];
    if (modules === undefined || release === undefined)
      throw new Error(`no modules in the kernel's packages of ${entry.path}`);
    const image = takeImage(join(unpacked, 'boot'), join(modules, release), release, images);
    if (image === undefined) throw new Error(`no kernel in the packages of ${entry.path}`);
    mergeModules(join(modules, release), root, release);
    tidyModules(root, release);
    return ok({ release, image });
  } finally {
    removeTree(unpacked);
  }
}

/** The kernel of a package installed in the tree: its modules are already in place. */
function takeInstalled(release: string, root: string, scratch: string): Result<PlacedKernel> {
  const modules = join(modulesFolder(root), release);
  const image = takeImage(resolveInTree(root, '/boot', true), modules, release, scratch);
  if (image === undefined) throw new Error(`no kernel ${release} in the tree that has its package`);
  return ok({ release, image });
}

/**
 * Moves the kernel to the scratch folder: in the machine it would waste RAM. Since Linux 7 it is among its
 * modules.
 */
function takeImage(boot: string, modules: string, release: string, scratch: string): string | undefined {
  const places = [join(modules, 'vmlinuz'), join(boot, `vmlinuz-${release}`)];
  const found = places.find((path) => lstatSync(path, { throwIfNoEntry: false })?.isFile());
  if (found === undefined) return undefined;
  const image = join(scratch, `vmlinuz-${release}`);
  // Not a move: a tree may be on another file system.
  copyFileSync(found, image, constants.COPYFILE_FICLONE);
  unlinkSync(found);
  return image;
}

async function copyForeign(
  { release, image: kernel, modules }: ForeignKernel,
  root: string,
  scratch: string,
  context: Context,
): Promise<Result<PlacedKernel>> {
  const own = mkdtempSync(join(root, '.mkma-kernel-'));
  // It may have been built by another user; on the machine everything is root's.
  const copy = { file: 'cp', args: ['-a', '--no-preserve=ownership', `${modules}/.`, own] };
  try {
    const copied = await run(copy, { signal: context.signal });
    if (!copied.ok) return copied;
    mergeModules(own, root, release);
  } finally {
    removeTree(own);
  }
  const image = join(scratch, 'vmlinuz-host');
  copyFileSync(kernel, image);
  return ok({ release, image });
}

/** The host's kernels that come with modules, as a hint. */
function hostKernels(): string {
  const releases = existsSync(HOST.modules) ? readdirSync(HOST.modules) : [];
  const whole = releases.filter((release) => existsSync(join(HOST.kernels, `vmlinuz-${release}`)));
  return whole.length === 0
    ? ''
    : `choose an existing one (${whole.map((r) => `--kernel host:${r}`).join(', ')}), or `;
}
