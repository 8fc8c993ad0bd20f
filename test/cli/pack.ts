/** Packing a tree as a build does. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { planArchive } from '../../src/core/image/archive-plan.js';
import type { LayerFacts, Manifest } from '../../src/core/image/manifest.js';
import { scanAttributes } from '../../src/host/pack/attributes.js';
import { packImage } from '../../src/host/pack/image.js';
import { scanTree } from '../../src/host/pack/scan.js';

/** What the manifest of such an image tells of its machine: nothing. */
export const FACTS = {
  kind: 'base',
  ...{ name: 'odd', created: '', mkma: '', suite: '', architecture: '', kernelRelease: '' },
} as const;

/** Pack `root` into the file `target`, in segments of about that many bytes. `scratch` is the folder to make for it. */
export async function packTree(
  root: string,
  target: string,
  scratch: string,
  segmentTarget: number,
  layer?: LayerFacts,
  packages?: string,
): Promise<Manifest> {
  mkdirSync(scratch);
  const tree = await scanTree(root);
  assert.ok(tree.ok);
  const attributes = await scanAttributes(root);
  assert.ok(attributes.ok);
  const options = { segmentTarget, attributes: attributes.value };
  const plan = planArchive(tree.value.entries, tree.value.devices, options);
  assert.ok(plan.ok);
  const packed = await packImage({
    root,
    plan: plan.value,
    facts:
      layer === undefined
        ? { ...FACTS, ...(packages === undefined ? {} : { packages }) }
        : { ...FACTS, kind: 'layer', layer },
    level: 1,
    scratch,
    target,
  });
  assert.ok(packed.ok, JSON.stringify(packed));
  return packed.value.manifest;
}
