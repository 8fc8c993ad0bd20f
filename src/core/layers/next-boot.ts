/** What the next boot will load, as the files beside the base and this boot's `mkma_layers=` say. */
import type { BootRecord, LoadedImage } from '../boot/record.js';
import { MANY_LAYERS, MOST_LAYERS, NAME_COST, RAM_HEADROOM } from '../contract.js';
import { type Manifest, nameCount } from '../image/manifest.js';
import { ALL_LAYERS, isSelected } from '../set/layer-names.js';
import type { StoredImage, StoredImages } from '../set/stored.js';
import { leftOutProblem } from './fits.js';
import { runningImage } from './list.js';

/** An image that the next boot will load. */
export interface ImageToLoad {
  /** `base`, or the layer's name. */
  readonly name: string;
  /** Bytes its content takes in RAM; absent where only loading tells. */
  readonly unpackedBytes?: number;
  /** Names in it, which take some of the kernel's own memory; absent as well. */
  readonly names?: number;
}

/** The base, then the layers in their order. */
export type NextBoot = readonly ImageToLoad[];

/** Layers that early boot reads: not disabled, not left out by the selection, and nothing wrong with them by themselves. */
export function chosenLayers({ layers, selection = ALL_LAYERS }: StoredImages): readonly StoredImage[] {
  return layers.filter(
    ({ name, disabled, problem }) => !disabled && problem === undefined && isSelected(selection, name),
  );
}

/** Without layers that the next boot leaves out, whyever. */
export function nextBootOf(stored: StoredImages, record: BootRecord): NextBoot {
  const { base } = stored;
  const running = asThisBoot(record).find(({ name }) => name === 'base');
  const taken = chosenLayers(stored).filter((layer) => leftOutProblem(layer, stored) === undefined);
  return [
    // Where there is none any more, one has to come back before anything boots.
    base?.manifest === undefined ? (running ?? { name: 'base' }) : toLoad('base', base.manifest),
    ...taken.map((image) => {
      if (image.manifest !== undefined) return toLoad(image.name, image.manifest);
      // Of one without a manifest, this boot may have found out.
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

/** The same where nothing has changed the folder since this boot: what it loaded. */
export function asThisBoot({ images }: BootRecord): NextBoot {
  return images.map(wasLoaded);
}

/** What there is to say of so many layers, long before there are too many. */
export function manyLayers(count: number): string[] {
  if (count < MANY_LAYERS) return [];
  return [
    `there are ${count} of at most ${MOST_LAYERS} layers, and each slows down boots and lookups; drop those you do not need: mkma layers list`,
  ];
}

/** Bytes of RAM that images need, as far as that is known. */
export function ramOf(images: NextBoot): number {
  return images.reduce((sum, { unpackedBytes = 0 }) => sum + unpackedBytes, 0);
}

/** What a machine as it was at this boot would lack to load the images and leave the running system its part. */
export interface Lack {
  /** Bytes of the RAM file system. */
  readonly fileSystem: number;
  /** Bytes of RAM, the kernel's own for the names included. */
  readonly ram: number;
}

/** What is lacking, as early boot counts; `undefined` where all fits. */
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
