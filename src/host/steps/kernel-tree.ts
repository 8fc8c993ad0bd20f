/** The modules of a machine's kernel as a lower tree. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ok, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { modulesFolder } from '../kernel/module-folders.js';
import { step } from '../stage.js';
import type { CacheEntry } from '../stages/cache.js';
import { digestOfText } from '../sys/digest.js';
import { type LowerTree, lowerTree, TREE_IN_LOWER } from '../trees/lower.js';
import { KERNEL_DEBS } from './bootstrap/kernel.js';
import { takeKernel } from './kernel.js';
import type { BuildSettings } from './settings.js';

/** The kernel in an entry of a kernel's tree, and its release. */
const IMAGE = 'vmlinuz';
const RELEASE = 'release.txt';

/** A kernel from packages: its modules as a tree. */
export interface KernelTree {
  readonly tree: LowerTree;
  readonly release: string;
  /** The kernel itself, in the cache. */
  readonly image: string;
}

/**
 * The kernel of an entry as a tree of its own; `undefined` where its modules have to be merged with others:
 * packages installed it, or headers or modules beside it.
 */
export async function kernelTree(
  { cache, machine }: Pick<BuildSettings, 'cache' | 'machine'>,
  entry: CacheEntry,
  packages: readonly LowerTree[],
  context: Context,
): Promise<Result<KernelTree | undefined>> {
  const id = kernelId(entry);
  const modules = packages.map(({ path }) => modulesFolder(join(path, TREE_IN_LOWER)));
  if (machine.kernel.from !== 'debian' || id === undefined || modules.some(existsSync)) return ok(undefined);
  const made = await lowerTree(
    cache,
    'lower-kernel',
    { kernel: id },
    (tree, folder) =>
      step(context, 'system', 'unpacking the kernel', async () => {
        const taken = await takeKernel(entry, tree, folder, context.signal);
        if (!taken.ok) return taken;
        renameSync(taken.value.image, join(folder, IMAGE));
        writeFileSync(join(folder, RELEASE), taken.value.release);
        return ok();
      }),
    context,
  );
  if (!made.ok) return made;
  const release = readFileSync(join(made.value.entry, RELEASE), 'utf8');
  return ok({ tree: made.value, release, image: join(made.value.entry, IMAGE) });
}

/** Identifies the packages of a kernel; `undefined`: it was installed with the others. */
export function kernelId(entry: CacheEntry): string | undefined {
  const file = join(entry.path, KERNEL_DEBS);
  return existsSync(file) ? digestOfText(readFileSync(file, 'utf8')) : undefined;
}
