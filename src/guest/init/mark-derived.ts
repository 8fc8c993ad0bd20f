/** Whether files that are made from others may be wrong in this boot's chain of layers. */
import type { LoadedImage } from '../../core/boot/record.js';
import { type DerivedMark, markOf } from '../../core/derived/mark.js';
import type { AppliedOnto } from './compose.js';

/** `images`: those of the layers that were applied. */
export function markDerived(
  applied: readonly AppliedOnto[],
  images: readonly LoadedImage[],
): DerivedMark | undefined {
  const names = new Set(images.map(({ layer }) => layer));
  const layers = applied.filter(({ image }) => names.has(image.layer));
  return markOf(
    layers.map(({ image, manifest, onKnown }) => ({
      name: image.layer,
      onKnown,
      remake: manifest?.kind === 'layer' ? (manifest.layer.remake ?? []) : [],
    })),
  );
}
