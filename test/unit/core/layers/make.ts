/** Images and trees in memory. */

import type { FileType } from '../../../../src/core/archive/tree.js';
import type { LayerFacts, Manifest } from '../../../../src/core/image/manifest.js';
import type { LayerEntry, LayerTree } from '../../../../src/core/layers/tree.js';
import type { StoredImage, StoredImages } from '../../../../src/core/set/stored.js';
import { BASE } from '../sample.js';

/** An id by a letter. */
export const id = (letter: string): string => `sha256:${letter.repeat(64)}`;

/** A layer called as the letter of its id; without `facts` one that has no manifest. */
export function layer(
  letter: string,
  facts?: Partial<LayerFacts>,
  more: Partial<StoredImage> = {},
): StoredImage {
  const { disabled = false } = more;
  const file = `persistence.${letter}.cpio.zst${disabled ? '.disabled' : ''}`;
  const image = { name: letter, file, bytes: 100, disabled: false, format: 'cpio' as const, ...more };
  if (facts === undefined) return image;
  const own = { deletions: [], opaque: [], base: BASE.id, ...facts };
  const manifest: Manifest = { ...BASE, kind: 'layer', id: id(letter), layer: own };
  return { ...image, manifest };
}

export function stored(...layers: StoredImage[]): StoredImages {
  const facts = { name: 'base', file: 'base.cpio.zst', format: 'cpio' } as const;
  const base = { ...facts, bytes: 1000, disabled: false, manifest: BASE };
  return { base, layers };
}

export function entry(path: string, type: FileType = 'f', more: Partial<LayerEntry> = {}): LayerEntry {
  return { ...{ path, type, mode: 0o644, uid: 0, gid: 0, size: 0, mtime: 0, target: '' }, ...more };
}

/** A tree by its entries; `deleted` and `opaque` are paths. */
export function tree(
  entries: readonly LayerEntry[],
  deleted: readonly string[] = [],
  opaque: readonly string[] = [],
): LayerTree {
  return {
    entries: new Map(entries.map((one) => [one.path, one])),
    whiteouts: new Set(deleted),
    opaque: new Set(opaque),
    attributes: new Map(),
  };
}
