/** The stage that packs `chroot/` as the base. */
import { join } from 'node:path';
import { planArchive } from '../../core/archive-plan.js';
import { FILES } from '../../core/contract.js';
import type { Manifest } from '../../core/manifest.js';
import { quoteName } from '../../core/path.js';
import type { Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { scanAttributes } from '../pack/attributes.js';
import { type ManifestFacts, packImage } from '../pack/image.js';
import { scanTree } from '../pack/scan.js';
import type { Inputs } from '../stages/book.js';
import type { BuildSettings } from './settings.js';

/** Raised whenever the same inputs shall give another image. */
const RECIPE = '5';

export function baseInputs(settings: BuildSettings, tree: string, kernelRelease: string): Inputs {
  return {
    recipe: RECIPE,
    mkma: settings.version,
    'chroot/': tree,
    kernel: kernelRelease,
    'compression level': String(settings.level),
    hostname: settings.machine.hostname,
    ...(settings.sourceDateEpoch === undefined
      ? {}
      : { SOURCE_DATE_EPOCH: String(settings.sourceDateEpoch) }),
  };
}

/** The settings that a base is packed by. */
export type BaseSettings = Pick<BuildSettings, 'architecture' | 'level' | 'sourceDateEpoch' | 'version'> & {
  readonly machine: Pick<BuildSettings['machine'], 'hostname' | 'suite'>;
};

/** Pack the tree at `root` into `scratch`. Resolves to the manifest. */
export async function packBase(
  settings: BaseSettings,
  root: string,
  kernelRelease: string,
  scratch: string,
  context: Context,
): Promise<Result<Manifest>> {
  const [tree, attributes] = await Promise.all([
    scanTree(root, context.signal),
    scanAttributes(root, context.signal),
  ]);
  if (!tree.ok) return tree;
  if (!attributes.ok) return attributes;
  const plan = planArchive(tree.value.entries, tree.value.devices, {
    latestMtime: settings.sourceDateEpoch,
    attributes: attributes.value,
  });
  if (!plan.ok) return plan;
  if (plan.value.sockets.length > 0) {
    const named = plan.value.sockets.map((path) => `/${quoteName(path)}`).join(', ');
    context.emit({
      type: 'note',
      text: `left out, since sockets live only as long as their program: ${named}`,
    });
  }
  const total = plan.value.bytes;
  return packImage({
    root,
    plan: plan.value,
    facts: facts(settings, kernelRelease),
    level: settings.level,
    scratch,
    target: join(scratch, FILES.base),
    signal: context.signal,
    onProgress: (done) => context.emit({ type: 'progress', stage: 'base', done, total, unit: 'bytes' }),
  });
}

function facts(settings: BaseSettings, kernelRelease: string): ManifestFacts {
  const { machine, sourceDateEpoch } = settings;
  const created = sourceDateEpoch === undefined ? new Date() : new Date(sourceDateEpoch * 1000);
  return {
    kind: 'base',
    name: machine.hostname,
    created: created.toISOString(),
    mkma: settings.version,
    suite: machine.suite,
    architecture: settings.architecture,
    kernelRelease,
  };
}
