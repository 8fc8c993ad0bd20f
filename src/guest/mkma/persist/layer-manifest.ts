/** The manifest of a new layer. */
import { FORMAT_VERSION } from '../../../core/contract.js';
import { identity, type LayerManifest } from '../../../core/image/manifest.js';
import { must } from '../../must.js';
import type { RunningSystem } from '../../system.js';

/** The part of it that packing does not determine. */
export type LayerFactsOf = Pick<
  LayerManifest,
  'name' | 'created' | 'mkma' | 'suite' | 'architecture' | 'kernelRelease' | 'layer' | 'records'
>;

/** The part that packing determines. */
type PackedFacts = Pick<
  LayerManifest,
  'needs' | 'unpackedBytes' | 'inodes' | 'root' | 'segments' | 'attributes' | 'erofs'
>;

export function layerManifest(
  machine: RunningSystem,
  { layer, ...common }: LayerFactsOf,
  packed: PackedFacts,
): LayerManifest {
  const { needs, unpackedBytes, inodes, root, segments, attributes, erofs } = packed;
  const digest = must(machine, ['sha256sum'], { input: identity({ segments, attributes, layer }) });
  return {
    ...{ format: FORMAT_VERSION, needs, id: `sha256:${digest.slice(0, 64)}`, kind: 'layer' },
    ...common,
    ...{ unpackedBytes, inodes, root, segments, attributes, layer },
    ...(erofs === undefined ? {} : { erofs }),
  };
}
