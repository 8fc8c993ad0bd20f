/** Warnings about an image that early boot applies anyway. */
import { idsOf, type LayerFacts, shortId } from '../image/manifest.js';
import { layerFacts, type StoredImage, type StoredImages } from '../set/stored.js';
import { quoteName } from '../text/path.js';
import { fitWarnings, leftOutProblem } from './fits.js';

/** Warnings about an image, given what is beside it. */
export function imageWarnings(image: StoredImage, stored: StoredImages): string[] {
  const facts = layerFacts(image);
  const warnings = [...(image.beside ?? [])];
  if (facts === undefined) return [...warnings, ...untold(image, stored)];
  // It is on no particular base or layer.
  if (facts.identity !== undefined) return [...warnings, ...fitWarnings(image, stored)];
  const { base } = stored;
  if (base !== undefined && base.problem === undefined && facts.base !== base.manifest?.id) {
    const why = image.manifest?.records === undefined ? `; ${UNRECORDED}` : '';
    warnings.push(
      isOfSeveralBases(facts)
        ? OF_SEVERAL_BASES
        : `made on another base (${describe(facts.base)}) than ${base.file} (${describe(base.manifest?.id)})${why}`,
    );
  }
  warnings.push(...fitWarnings(image, stored));
  const after = image.disabled ? undefined : predecessorWarning(image, stored);
  return after === undefined ? warnings : [...warnings, after];
}

/** Of a base whose accounts and packages are not recorded. */
function untold(image: StoredImage, { base, layers }: StoredImages): string[] {
  if (image !== base || image.problem !== undefined || image.manifest?.records !== undefined) return [];
  if (!layers.some(({ manifest }) => manifest?.records !== undefined)) return [];
  return [
    'it has no records of accounts and packages: only a boot finds out whether layers were made on others',
  ];
}

/** Of a layer made by an older mkma. */
export const UNRECORDED =
  'it does not record which accounts and packages it was made on: it may hide those of this base';

/** Of a layer that others were merged into. */
export const OF_SEVERAL_BASES = 'merged of layers that were made on different bases or layers';

export function isOfSeveralBases({ base, merged }: LayerFacts): boolean {
  return base === undefined && merged !== undefined;
}

function describe(id: string | undefined): string {
  return id === undefined ? 'one without a manifest' : shortId(id);
}

function predecessorWarning(image: StoredImage, { layers }: StoredImages): string | undefined {
  const after = layerFacts(image)?.after;
  if (after === undefined) return undefined;
  const named = layers.filter(({ manifest }) => manifest !== undefined && idsOf(manifest).includes(after));
  const at = layers.indexOf(image);
  if (named.some((one) => !one.disabled && layers.indexOf(one) < at)) return undefined;
  const above = named.find((one) => !one.disabled);
  if (above !== undefined) return `made after ${quoteName(above.name)}, which is above it`;
  const disabled = named[0];
  if (disabled !== undefined) return `made after ${quoteName(disabled.name)}, which is disabled`;
  return `made after a layer that is missing (${shortId(after)})`;
}

/** Layers that were made directly on this one: they depend on its content. */
export function followersOf({ manifest }: StoredImage, { layers }: StoredImages): StoredImage[] {
  return layers.filter((one) => {
    const { after, identity } = layerFacts(one) ?? {};
    if (manifest === undefined || identity !== undefined) return false;
    return after !== undefined && idsOf(manifest).includes(after);
  });
}

/** Warnings that apply in `now` and did not in `before`, each with the name of its layer. */
export function newWarnings(before: StoredImages, now: StoredImages): string[] {
  const all = (stored: StoredImages): string[] =>
    stored.layers
      .filter(({ disabled }) => !disabled)
      .flatMap((image) => {
        const out = leftOutProblem(image, stored);
        const left = out === undefined ? [] : [`the next boot leaves it out: ${out.what}`];
        return [...imageWarnings(image, stored), ...left].map(
          (warning) => `${quoteName(image.name)}: ${warning}`,
        );
      });
  const known = new Set(all(before));
  return all(now).filter((warning) => !known.has(warning));
}
