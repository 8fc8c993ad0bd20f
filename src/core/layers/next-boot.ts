/** What the next boot will load, according to the files beside the base and this boot's `mkma_layers=`. */
import type { BootRecord, LoadedImage } from '../boot/record.js';
import { MANY_LAYERS, MOST_LAYERS, NAME_COST, RAM_HEADROOM } from '../contract.js';
import { type Manifest, nameCount } from '../image/manifest.js';
import type { StoredImage, StoredImages } from '../set/stored.js';
import { leftOutProblem } from './fits.js';
import { runningImage } from './list.js';
import { readableLayers, replacedIn } from './replaced.js';

/** An image that the next boot will load. */
export interface ImageToLoad {
  /** `base`, or the layer's name. */
  readonly name: string;
  /** Bytes of its content in RAM; absent if unknown until loaded. */
  readonly unpackedBytes?: number;
  /** Number of names in it, which take kernel memory; absent if unknown. */
  readonly names?: number;
}

/** The base, then the layers in their order. */
export type NextBoot = readonly ImageToLoad[];

/** Layers that early boot reads: not disabled, selected, intact, and not merged into another. */
export function chosenLayers(stored: StoredImages): readonly StoredImage[] {
  const replaced = replacedIn(stored);
  return readableLayers(stored).filter((layer) => !replaced.has(layer));
}

/** Without layers that the next boot leaves out for any reason. */
export function nextBootOf(stored: StoredImages, record: BootRecord): NextBoot {
  const { base } = stored;
  const running = asThisBoot(record).find(({ name }) => name === 'base');
  const taken = chosenLayers(stored).filter((layer) => leftOutProblem(layer, stored) === undefined);
  return [
    // If the base is missing, one has to come back before anything boots.
    base?.manifest === undefined ? (running ?? { name: 'base' }) : toLoad('base', base.manifest),
    ...taken.map((image) => {
      if (image.manifest !== undefined) return toLoad(image.name, image.manifest);
      // This boot may know the size of an image without a manifest.
      const loaded = runningImage(image, stored, record);
      return loaded === undefined ? { name: image.name } : wasLoaded(loaded);
    }),
  ];
}

function toLoad(name: string, manifest: Manifest): ImageToLoad {
  return { name, unpackedBytes: manifest.unpackedBytes, names: nameCount(manifest) };
}

function wasLoaded({ layer, unpackedBytes, inodes }: LoadedImage): ImageToLoad {
  return { name: layer ?? 'base', unpackedBytes, ...(inodes === undefined ? {} : { names: inodes }) };
}

/** The same if nothing has changed the folder since this boot: what it loaded. */
export function asThisBoot({ images }: BootRecord): NextBoot {
  return images.map(wasLoaded);
}

/** A hint about many layers, and a warning about very many, long before the limit. */
export function manyLayers(count: number): { readonly hint?: string; readonly warning?: string } {
  if (count < MANY_LAYERS.hint) return {};
  const what = `there are ${count} layers, and each slows down boots and lookups`;
  if (count < MANY_LAYERS.warning) return { hint: `${what}: mkma layers merge makes one of them` };
  return { warning: `${what}; an overlay takes at most ${MOST_LAYERS}: mkma layers merge makes one of them` };
}

/** Bytes of RAM that images need, as far as known. */
export function ramOf(images: NextBoot): number {
  return images.reduce((sum, { unpackedBytes = 0 }) => sum + unpackedBytes, 0);
}

/**
 * What a machine like this one at boot would lack to load the images and leave enough for the running system.
 */
export interface Lack {
  /** Bytes of the RAM file system. */
  readonly fileSystem: number;
  /** Bytes of RAM, including kernel memory for names. */
  readonly ram: number;
}

/** What is lacking, counted the way early boot does; `undefined` if all fits. */
export function lackOf(
  images: NextBoot,
  { ramBytes, availableBytes = Number.POSITIVE_INFINITY }: BootRecord,
): Lack | undefined {
  const bytes = ramOf(images) + RAM_HEADROOM;
  const names = images.reduce((sum, image) => sum + (image.names ?? 0), 0);
  const fileSystem = Math.max(0, bytes - ramBytes);
  const ram = Math.max(0, bytes + names * NAME_COST - availableBytes);
  return fileSystem + ram === 0 ? undefined : { fileSystem, ram };
}
