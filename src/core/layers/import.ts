/** `mkma layers import`: what layers from elsewhere become here. Pure. */
import type { BootRecord } from '../boot/record.js';
import { MOST_LAYERS } from '../contract.js';
import type { LayerManifest } from '../image/manifest.js';
import { err, ok, type Problem, type Result } from '../result.js';
import { layerFileName, layerName, nextLayerName } from '../set/layer-names.js';
import { inOrder, type StoredImage, type StoredImages } from '../set/stored.js';
import { compareNames, quoteName, sortByName } from '../text/path.js';
import { tooMany } from './change.js';
import { leftOutProblem } from './fits.js';
import { chosenLayers, type NextBoot, nextBootOf } from './next-boot.js';
import { imageWarnings, newWarnings } from './warnings.js';

/** A file to import, which was verified. */
export interface FoundLayer {
  /** Its path, and the name of the file. */
  readonly path: string;
  readonly image: StoredImage & { readonly manifest: LayerManifest };
}

/** What it becomes. */
interface ImportedLayer extends FoundLayer {
  readonly layer: string;
  readonly file: string;
}

/** All of them, the lowest first. */
export interface PlannedImport {
  readonly layers: readonly ImportedLayer[];
  /** What the next boot loads then. */
  readonly nextBoot: NextBoot;
  readonly warnings: readonly string[];
}

/**
 * Puts them on top of all layers, in the order of their names. One keeps its name if that sorts there, and
 * gets one of now otherwise, with its label. `files`: all names in the folder; `now` in milliseconds.
 */
export function planImport(
  stored: StoredImages,
  files: readonly string[],
  found: readonly FoundLayer[],
  record: BootRecord,
  now: number,
): Result<PlannedImport> {
  const layers: ImportedLayer[] = [];
  let names = files;
  let after = stored;
  for (const one of sortByName([...found], ({ image }) => image.file)) {
    const { id } = one.image.manifest;
    const same = after.layers.find(({ manifest }) => manifest?.id === id);
    if (same !== undefined) return err(alreadyThere(one.path, same));
    const layer = nameFor(names, one.image, now);
    const file = layerFileName(layer, one.image.format);
    layers.push({ ...one, layer, file });
    names = [...names, file];
    const image = { ...one.image, name: layer, file };
    after = { ...after, layers: inOrder([...after.layers, image]) };
  }
  const { length } = chosenLayers(after);
  if (length > MOST_LAYERS) return err(tooMany(length - layers.length));
  return ok({ layers, nextBoot: nextBootOf(after, record), warnings: warningsOf(stored, after, layers) });
}

function nameFor(files: readonly string[], { name, file }: StoredImage, now: number): string {
  const above = files.filter((one) => one.startsWith('persistence.'));
  const isTop = above.every((one) => compareNames(layerFileName(name), one) > 0);
  if (isTop && layerName(file) !== undefined) return name;
  const label = /^\d{8}_\d{6}_(.+)$/.exec(name)?.[1] ?? (/^\d{8}_\d{6}$/.test(name) ? undefined : name);
  return nextLayerName(files, now, label?.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, 64));
}

/** How they fit what is below them then, and what changes for others. */
function warningsOf(before: StoredImages, after: StoredImages, layers: readonly ImportedLayer[]): string[] {
  const own = layers.flatMap(({ layer, image, path }) => {
    const there = after.layers.find(({ name }) => name === layer) as StoredImage;
    const shown = quoteName(layer);
    const renamed =
      layer === image.name ? [] : [`${quoteName(path)} becomes ${shown}: layers are applied by name`];
    const out = leftOutProblem(there, after);
    const left =
      out === undefined ? [] : [`${shown}: the next boot leaves it out: ${out.what}: ${out.why ?? ''}`];
    const isSelected = chosenLayers(after).includes(there) || out !== undefined;
    const unselected = isSelected ? [] : [`${shown}: mkma_layers= of this boot leaves it out`];
    const others = imageWarnings(there, after).map((warning) => `${shown}: ${warning}`);
    return [...renamed, ...others, ...left, ...unselected];
  });
  return [...new Set([...own, ...newWarnings(before, after)])];
}

function alreadyThere(path: string, same: StoredImage): Problem {
  return {
    code: 'layer-there',
    what: 'the images folder has the layer',
    where: quoteName(path),
    why: `${quoteName(same.file)} has the same content`,
    next: same.disabled ? `mkma layers enable ${quoteName(same.name)}` : 'mkma layers list shows it',
  };
}
