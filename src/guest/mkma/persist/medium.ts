/** What lies on the medium before a snapshot is made, and whether the next boot has room for one more. */
import type { BootRecord } from '../../../core/boot.js';
import { FILES, PARAM, RAM_HEADROOM } from '../../../core/contract.js';
import { readImageInfo } from '../../../core/image.js';
import { layersAmong } from '../../../core/layer.js';
import type { Manifest } from '../../../core/manifest.js';
import { quoteName } from '../../../core/path.js';
import { err, ok, type Result } from '../../../core/result.js';
import { mebibytes } from '../../../core/size.js';
import type { Machine } from '../../machine.js';

/** An image that the next boot will load. */
export interface ImageOnMedium {
  /** `base`, or the layer's name. */
  readonly name: string;
  readonly id?: string;
  /** Bytes it takes in RAM; absent where only loading tells. */
  readonly unpackedBytes?: number;
}

export interface Medium {
  /** Names of all files in the folder. */
  readonly files: readonly string[];
  /** The base, then the layers in their order. */
  readonly images: readonly ImageOnMedium[];
  readonly warnings: readonly string[];
}

/** Look at the folder of the images. */
export function readMedium(machine: Machine, record: BootRecord, folder: string): Medium {
  const files = machine.list(folder) ?? [];
  const base = describe(machine, record, `${folder}/${FILES.base}`, 'base');
  const layers = layersAmong(files).map(({ file, name }) =>
    describe(machine, record, `${folder}/${file}`, name),
  );
  const running = record.images;
  const warnings: string[] = [];
  if (base.id !== running.find(({ kind }) => kind === 'base')?.id) {
    warnings.push(
      'the base on the medium is not the one that this machine runs from: what is saved belongs to the latter',
    );
  }
  for (const { layer } of running) {
    if (layer !== undefined && !layers.some(({ name }) => name === layer)) {
      warnings.push(
        `the layer ${quoteName(layer)}, which this machine runs from, is no longer on the medium`,
      );
    }
  }
  return { files, images: [base, ...layers], warnings };
}

function describe(machine: Machine, record: BootRecord, path: string, name: string): ImageOnMedium {
  const manifest = manifestOf(machine, path);
  const { id, unpackedBytes } =
    manifest ?? record.images.find(({ kind, layer }) => (kind === 'base' ? 'base' : layer) === name) ?? {};
  return {
    name,
    ...(id === undefined ? {} : { id }),
    ...(unpackedBytes === undefined ? {} : { unpackedBytes }),
  };
}

/** `undefined` where there is none, or it is damaged: what early boot makes of that is not asked here. */
function manifestOf(machine: Machine, path: string): Manifest | undefined {
  const size = machine.info(path)?.size ?? 0;
  const info = readImageInfo((at, length) => machine.readAt(path, at, length) ?? new Uint8Array(0), size);
  return info.ok ? info.value.manifest : undefined;
}

/** RAM that the next boot needs for its images, in bytes. */
export function ramOfImages(images: readonly ImageOnMedium[]): number {
  return images.reduce((sum, { unpackedBytes = 0 }) => sum + unpackedBytes, 0);
}

/** Whether the images of the next boot, with one more of so many bytes, fit the RAM file system that this boot has. */
export function checkBudget(
  record: BootRecord,
  images: readonly ImageOnMedium[],
  bytes: number,
): Result<number> {
  const needed = ramOfImages(images) + bytes;
  if (needed + RAM_HEADROOM <= record.ramBytes) return ok(needed);
  return err({
    what: 'the next boot would have no room for that',
    where: `${PARAM.size}, ${mebibytes(record.ramBytes)} MiB on this machine`,
    why:
      `the images would take ${mebibytes(needed)} MiB of the RAM file system, ${mebibytes(bytes)} MiB of them what is to be saved, ` +
      `and the running system needs ${mebibytes(RAM_HEADROOM)} MiB`,
    next: `save less, remove a layer, or raise ${PARAM.size} in the boot loader and boot again`,
  });
}
