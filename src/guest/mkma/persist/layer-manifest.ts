/** The manifest of a new layer. */

import type { BootRecord } from '../../../core/boot/record.js';
import { FORMAT_VERSION } from '../../../core/contract.js';
import {
  type FileMetadata,
  identity,
  type LayerFacts,
  type LayerManifest,
} from '../../../core/image/manifest.js';
import type { LayerContent } from '../../../core/overlay/snapshot.js';
import { must } from '../../must.js';
import type { RunningSystem } from '../../system.js';
import type { Medium } from './medium.js';

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

/** What the layer is made on and deletes. */
export function layerFactsOf(
  record: BootRecord,
  { after }: Medium,
  { deletions }: LayerContent,
  metadata: readonly FileMetadata[],
  remake: readonly string[],
  emptied: readonly string[],
): LayerFacts {
  const base = record.images.find(({ kind }) => kind === 'base')?.id;
  return {
    ...(base === undefined ? {} : { base }),
    ...(after === undefined ? {} : { after }),
    ...{ deletions, opaque: [] },
    ...(emptied.length === 0 ? {} : { emptied }),
    ...(metadata.length === 0 ? {} : { metadata }),
    ...(remake.length === 0 ? {} : { remake }),
  };
}
