/** Layers that were merged into another, and whose files are still there: power was lost in between. */
import type { Manifest } from '../image/manifest.js';
import type { Problem } from '../result.js';
import { ALL_LAYERS, isSelected } from '../set/layer-names.js';
import type { StoredImage, StoredImages } from '../set/stored.js';
import { quoteName } from '../text/path.js';

/**
 * The layers that one above them replaces, each with that. `layers`: those to be applied, the lowest first.
 * A copy of a merged layer that was put above is applied.
 */
export function replacedAmong<T extends { readonly manifest?: Manifest | undefined }>(
  layers: readonly T[],
): ReadonlyMap<T, T> {
  const found = new Map<T, T>();
  for (const [i, layer] of layers.entries()) {
    const { manifest } = layer;
    const merged = manifest?.kind === 'layer' ? manifest.layer.merged : undefined;
    if (merged === undefined) continue;
    for (const one of layers.slice(0, i)) {
      if (one.manifest !== undefined && merged.includes(one.manifest.id)) found.set(one, layer);
    }
  }
  return found;
}

/** Layers that are not disabled, selected, and intact. */
export function readableLayers({ layers, selection = ALL_LAYERS }: StoredImages): readonly StoredImage[] {
  return layers.filter(
    ({ name, disabled, problem }) => !disabled && problem === undefined && isSelected(selection, name),
  );
}

/** The layers of a folder that one above them replaces, each with that. */
export function replacedIn(stored: StoredImages): ReadonlyMap<StoredImage, StoredImage> {
  return replacedAmong(readableLayers(stored));
}

/** Why a boot leaves it out. `by`: the name of the layer that has what it has. */
export function replacedProblem(file: string, by: string): Problem {
  return {
    code: 'layer-merged',
    what: 'the layer was merged into another',
    where: file,
    why: `${quoteName(by)} has all of it; its file was not removed then`,
    next: 'mkma layers merge and mkma persist remove it',
  };
}
