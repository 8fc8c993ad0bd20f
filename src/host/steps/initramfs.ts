/** The stage that makes `initramfs/` and packs it: early boot's programs and the kernel modules that reach the storage. */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { FILES } from '../../core/contract.js';
import { ok, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { assembleInitramfs } from '../initramfs/assemble.js';
import { ALWAYS_LOADED, APPLETS, COPIED_FOLDERS, MODULES, PROGRAMS } from '../initramfs/contents.js';
import { packInitramfs } from '../pack/initramfs.js';
import { planArchive } from '../pack/plan.js';
import { scanTree } from '../pack/scan.js';
import { digestFile, type Inputs } from '../stages/book.js';
import type { CacheEntry } from '../stages/cache.js';
import { TREE, toolsInputs } from './bootstrap.js';
import { modulesFolder } from './kernel.js';
import type { BuildSettings } from './settings.js';
import { unpackTree } from './system.js';

/** Raised whenever the same inputs shall give another initramfs. */
const RECIPE = '1';

/** Everything the initramfs depends on; `versions` is the id of the bootstrapped tools. */
export function initramfsInputs(settings: BuildSettings, versions: string, kernel: string): Inputs {
  const { recipe, packages, ...mirror } = toolsInputs(settings);
  return {
    ...mirror,
    recipe: `${recipe} ${RECIPE}`,
    mkma: settings.version,
    kernel,
    tools: packages ?? '',
    'tools versions': versions,
    init: digestFile(join(settings.programs, 'init.js')) + digestFile(join(settings.programs, 'init.sh')),
    contents: createHash('sha256')
      .update(JSON.stringify([PROGRAMS, APPLETS, COPIED_FOLDERS, MODULES, ALWAYS_LOADED]))
      .digest('hex'),
    'compression level': String(settings.level),
    ...(settings.sourceDateEpoch === undefined
      ? {}
      : { SOURCE_DATE_EPOCH: String(settings.sourceDateEpoch) }),
  };
}

/** Make tree and file in `scratch`, with modules from the tree at `root`. Resolves to the file's size in bytes. */
export async function buildInitramfs(
  settings: BuildSettings,
  tools: CacheEntry,
  root: string,
  release: string,
  scratch: string,
  context: Context,
): Promise<Result<number>> {
  const toolsRoot = join(scratch, 'tools');
  const target = join(scratch, FILES.initramfsTree);
  mkdirSync(toolsRoot);
  const unpacked = await unpackTree(join(tools.path, TREE), toolsRoot, context.signal);
  if (!unpacked.ok) return unpacked;
  const assembled = await assembleInitramfs(
    {
      tools: toolsRoot,
      modules: join(modulesFolder(root), release),
      release,
      program: join(settings.programs, 'init.js'),
      stub: join(settings.programs, 'init.sh'),
      target,
      mkma: settings.version,
      suite: settings.machine.suite,
      architecture: settings.architecture,
    },
    context,
  );
  if (!assembled.ok) return assembled;
  const tree = await scanTree(target, context.signal);
  if (!tree.ok) return tree;
  const plan = planArchive(tree.value.entries, tree.value.devices, { latestMtime: settings.sourceDateEpoch });
  if (!plan.ok) return plan;
  const total = plan.value.bytes;
  const size = await packInitramfs({
    root: target,
    plan: plan.value,
    level: settings.level,
    threads: availableParallelism(),
    target: join(scratch, FILES.initramfs),
    signal: context.signal,
    onProgress: (done) => context.emit({ type: 'progress', stage: 'initramfs', done, total, unit: 'bytes' }),
  });
  return size.ok ? ok(size.value) : size;
}
