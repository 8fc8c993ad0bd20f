/** What the next boot will load, as the files beside the base and this boot's `mkma_layers=` say. */
import type { BootRecord } from '../boot.js';
import { RAM_HEADROOM } from '../contract.js';
import { isSelected, type LayerSelection } from '../layer.js';
import { runningImage } from './list.js';
import type { StoredImages } from './stored.js';

/** An image that the next boot will load. */
export interface ImageToLoad {
  /** `base`, or the layer's name. */
  readonly name: string;
  /** Bytes it takes in RAM; absent where only loading tells. */
  readonly unpackedBytes?: number;
}

/** The base, then the layers in their order. */
export type NextBoot = readonly ImageToLoad[];

/** Without disabled layers, those that the selection leaves out, and those that early boot would not take. */
export function nextBootOf(stored: StoredImages, selection: LayerSelection, record: BootRecord): NextBoot {
  const { base } = stored;
  const running = asThisBoot(record).find(({ name }) => name === 'base');
  const taken = stored.layers.filter(
    ({ name, disabled, problem }) => !disabled && problem === undefined && isSelected(selection, name),
  );
  return [
    // Where there is none any more, one has to come back before anything boots.
    sized('base', base?.manifest?.unpackedBytes ?? running?.unpackedBytes),
    ...taken.map((image) =>
      // Of one without a manifest, this boot may have found out.
      sized(image.name, image.manifest?.unpackedBytes ?? runningImage(image, stored, record)?.unpackedBytes),
    ),
  ];
}

function sized(name: string, unpackedBytes: number | undefined): ImageToLoad {
  return { name, ...(unpackedBytes === undefined ? {} : { unpackedBytes }) };
}

/** The same where nothing has changed the folder since this boot: what it loaded. */
export function asThisBoot({ images }: BootRecord): NextBoot {
  return images.map(({ layer, unpackedBytes }) => ({ name: layer ?? 'base', unpackedBytes }));
}

/** Bytes of RAM that images need, as far as that is known. */
export function ramOf(images: NextBoot): number {
  return images.reduce((sum, { unpackedBytes = 0 }) => sum + unpackedBytes, 0);
}

/** Whether so many bytes of images fit the RAM file system that this boot has, and leave the running system its part. */
export function fitsRam(bytes: number, { ramBytes }: BootRecord): boolean {
  return bytes + RAM_HEADROOM <= ramBytes;
}
