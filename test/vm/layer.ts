/** Layers made on the host, by what packs images there, and a disk that holds them beside the base. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { planArchive } from '../../src/core/image/archive-plan.js';
import type { LayerFacts, Manifest } from '../../src/core/image/manifest.js';
import type { Records } from '../../src/core/records/records.js';
import { BASE_NAMES } from '../../src/core/set/base.js';
import { scanAttributes } from '../../src/host/pack/attributes.js';
import { packImage } from '../../src/host/pack/image.js';
import { scanTree } from '../../src/host/pack/scan.js';
import { readImage } from '../../src/host/set/images.js';
import { blank, tool } from './disk.js';
import { BASE, imagesFolder } from './harness.js';

/** Where the disk finds its files: the folder that becomes /images on it. */
export function imagesOnDisk(): string {
  const folder = join(imagesFolder(), 'disk', 'images');
  mkdirSync(folder, { recursive: true });
  return folder;
}

export function layerFile(name: string): string {
  return join(imagesOnDisk(), `persistence.${name}.cpio.zst`);
}

/** The base that layers are made on. */
export function baseManifest(): Manifest {
  const info = readImage(join(imagesFolder(), BASE));
  assert.ok(info.ok && info.value.manifest);
  return info.value.manifest;
}

export interface LayerOptions {
  /** What fills the layer's tree: a shell script run in it. */
  readonly script: string;
  readonly facts?: Partial<LayerFacts>;
  readonly records?: Records;
}

/** Make the layer NAME beside the base. Returns its manifest. */
export async function makeLayer(name: string, options: LayerOptions): Promise<Manifest> {
  const root = join(imagesFolder(), 'layer-tree');
  const scratch = join(imagesFolder(), 'layer-scratch');
  for (const folder of [root, scratch]) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
  }
  execFileSync('bash', ['-e', '-c', options.script], { cwd: root });
  const tree = await scanTree(root);
  const attributes = await scanAttributes(root);
  assert.ok(tree.ok && attributes.ok);
  const plan = planArchive(tree.value.entries, tree.value.devices, { attributes: attributes.value });
  assert.ok(plan.ok, JSON.stringify(plan));
  const base = baseManifest();
  const { created, mkma, suite, architecture, kernelRelease } = base;
  const packed = await packImage({
    root,
    plan: plan.value,
    facts: {
      ...{ kind: 'layer', name: base.name, created, mkma, suite, architecture, kernelRelease },
      layer: { base: base.id, deletions: [], opaque: [], ...options.facts },
      ...(options.records === undefined ? {} : { records: options.records }),
    },
    level: 3,
    scratch,
    target: layerFile(name),
  });
  assert.ok(packed.ok, JSON.stringify(packed));
  return packed.value.manifest;
}

/** Where a test puts a base of its own on the disk, of the form under test or of another. */
export function baseOnDisk(name: string = BASE): string {
  return join(imagesOnDisk(), name);
}

/**
 * Everything in {@link imagesOnDisk}, with the base under test where there is no other, in the folder /images of an ext4
 * file system; as `mkma run` takes it.
 */
export function bootFromDisk(...append: string[]): [append: string, more: { args: string[] }] {
  const file = blank('layers.img');
  const own = BASE_NAMES.some((name) => existsSync(baseOnDisk(name)));
  if (!own) linkSync(join(imagesFolder(), BASE), baseOnDisk());
  tool('mke2fs', '-q', '-t', 'ext4', '-L', 'layers', '-d', join(imagesOnDisk(), '..'), file);
  const words = ['mkma_storage_device=LABEL=layers', 'mkma_images_path=/images', ...append];
  return [words.join(' '), { args: ['--disk', file] }];
}
