/** The images on the mounted storage device. */
import { PARAM } from '../../core/contract.js';
import type { ImageInfo } from '../../core/image/image.js';
import { emptyImage } from '../../core/image/problems.js';
import { FEWER_BYTES } from '../../core/image/reads.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { ANY_BASE, BASE_NAMES, passedOverText } from '../../core/set/base.js';
import { baseIn, readInfoIn } from '../../core/set/folder.js';
import { layersAmong } from '../../core/set/layer-names.js';
import { quoteName } from '../../core/text/path.js';
import { readerOf } from '../images.js';
import { placeInside } from '../resolve.js';
import type { GuestSystem } from '../system.js';
import { STORAGE } from './folders.js';

/** Most names of a folder to list. */
const SHOWN = 20;

/** An image file on the storage device. */
export interface ImageFile {
  /** Its path inside the initramfs. */
  readonly path: string;
  /** Its path from the root of its file system, for people. */
  readonly shown: string;
  readonly bytes: number;
}

/** The base to load. */
export interface FoundBase extends ImageFile {
  /** Warnings about bases in another format beside it. */
  readonly warnings: readonly string[];
}

/** Finds the base in the images folder; otherwise reports what is there instead. */
export function findBase(machine: GuestSystem, imagesPath: string): Result<FoundBase> {
  const folder = placeInside(machine, STORAGE, imagesPath);
  if (machine.info(folder)?.kind !== 'directory') return err(noFolder(machine, imagesPath));
  const reader = readerOf(machine, folder, BASE_NAMES);
  const imageOf = (name: string): ImageFile => {
    const path = `${folder}/${name}`;
    return { path, shown: path.slice(STORAGE.length), bytes: reader.size(name) ?? 0 };
  };
  const files = BASE_NAMES.filter((name) => reader.size(name) !== undefined);
  const { base, passedOver } = baseIn(files, (name) => readInfo(machine, imageOf(name)));
  if (base !== undefined) {
    const warnings = passedOver.map((other) => passedOverText(imageOf(other.base).shown, other));
    return ok({ ...imageOf(base), warnings });
  }
  return err({
    code: 'base-missing',
    what: `no ${ANY_BASE} in the images folder`,
    where: `${PARAM.path}=${imagesPath === '' ? '/' : imagesPath}`,
    why: contents(machine, imagesPath),
    next: `copy the base there, or correct ${PARAM.path} in the boot loader`,
  });
}

function noFolder(machine: GuestSystem, imagesPath: string): Problem {
  let parent = imagesPath;
  while (parent !== '' && machine.info(STORAGE + parent)?.kind !== 'directory') {
    parent = parent.slice(0, parent.lastIndexOf('/'));
  }
  return {
    code: 'images-folder-missing',
    what: 'the images folder is not on the storage device',
    where: `${PARAM.path}=${imagesPath}`,
    why: contents(machine, parent),
    next: `correct ${PARAM.path} in the boot loader: the path starts at the root of that file system`,
  };
}

function contents(machine: GuestSystem, folder: string): string {
  const names = machine.list(STORAGE + folder);
  if (names === undefined) return `cannot list ${folder === '' ? '/' : folder} on the device`;
  const shown = names.slice(0, SHOWN).map(quoteName).join(', ');
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
  const place = folder === '' ? '/' : folder;
  return names.length === 0
    ? `${place} on the device is empty`
    : `${place} on the device contains: ${shown}${more}`;
}

/** A layer beside the base. */
export interface LayerImage extends ImageFile {
  /** The layer's name. */
  readonly layer: string;
  /** Why it is not a readable file, whatever its name says. */
  readonly odd?: string;
}

/** The layers in a folder of the file system at `root`, in the order in which they are applied. */
export function findLayers(machine: GuestSystem, root: string, imagesPath: string): Result<LayerImage[]> {
  const folder = placeInside(machine, root, imagesPath);
  const names = machine.list(folder);
  // On a device of their own the folder is made with the first one.
  if (root !== STORAGE && machine.info(folder) === undefined) return ok([]);
  if (names === undefined) {
    const why = 'cannot list the images folder, so the layers are unknown';
    return err({ ...unreadable(why), where: imagesPath === '' ? '/' : imagesPath });
  }
  return ok(
    layersAmong(names).map(({ file, name }) => {
      const path = `${folder}/${file}`;
      const info = machine.info(path);
      const odd = info === undefined ? 'cannot be opened' : 'not a regular file';
      return {
        ...{ layer: name, path, shown: path.slice(root.length), bytes: info?.size ?? 0 },
        ...(info?.kind === 'file' ? {} : { odd }),
      };
    }),
  );
}

/** Reads an image's manifest and format. */
export function readInfo(machine: GuestSystem, image: ImageFile): Result<ImageInfo> {
  if (image.bytes === 0) {
    const next = 'copy or build it again';
    return err(emptyImage(image.shown, next));
  }
  const reader = { read: machine.readAt.bind(machine) };
  const info = readInfoIn(reader, image.path, image.bytes);
  if (info === undefined) return err(unreadableImage(image, ''));
  return info.ok ? info : err({ where: image.shown, ...info.problem });
}

/** The problem of a medium that does not return an image's bytes; `words`: the error of the reader. */
export function unreadableImage(image: ImageFile, words: string): Problem {
  return { ...unreadable(words || FEWER_BYTES), where: image.shown };
}

function unreadable(why: string): Problem {
  return {
    code: 'storage-unreadable',
    what: 'cannot read the storage device',
    why,
    next: 'check that it is still attached, and see dmesg; exit to retry, or use another device',
  };
}
