/** The images on the mounted storage device. */
import { PARAM } from '../../core/contract.js';
import type { ImageInfo } from '../../core/image/image.js';
import type { Manifest } from '../../core/image/manifest.js';
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

/** Most names shown of a folder. */
const SHOWN = 20;

/** An image file as it lies on the storage device. */
export interface ImageFile {
  /** Its path inside the initramfs. */
  readonly path: string;
  /** Its path from the top of its file system, for people. */
  readonly shown: string;
  readonly bytes: number;
}

/** The base that is to be loaded. */
export interface FoundBase extends ImageFile {
  /** What there is to say of bases of another form that lie beside it. */
  readonly warnings: readonly string[];
}

/** Find the base in the folder of the images; else say what is there instead. */
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
    what: `there is no ${ANY_BASE} in the folder of the images`,
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
    what: 'the folder of the images is not on the storage device',
    where: `${PARAM.path}=${imagesPath}`,
    why: contents(machine, parent),
    next: `correct ${PARAM.path} in the boot loader: the path counts from the top of that file system`,
  };
}

function contents(machine: GuestSystem, folder: string): string {
  const names = machine.list(STORAGE + folder);
  if (names === undefined) return `${folder === '' ? '/' : folder} on the device cannot be listed`;
  const shown = names.slice(0, SHOWN).map(quoteName).join(', ');
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
  const place = folder === '' ? '/' : folder;
  return names.length === 0
    ? `${place} on the device is empty`
    : `in ${place} on the device lies: ${shown}${more}`;
}

/** A layer beside the base. */
export interface LayerImage extends ImageFile {
  /** What people call it. */
  readonly layer: string;
  /** Why it is no file that can be read, whatever its name says. */
  readonly odd?: string;
}

/** The layers beside the base, in the order in which they are applied. */
export function findLayers(machine: GuestSystem, imagesPath: string): Result<LayerImage[]> {
  const folder = placeInside(machine, STORAGE, imagesPath);
  const names = machine.list(folder);
  if (names === undefined) {
    const why = 'its names cannot be listed: whether there are layers is not known';
    return err({ ...unreadable(why), where: imagesPath === '' ? '/' : imagesPath });
  }
  return ok(
    layersAmong(names).map(({ file, name }) => {
      const path = `${folder}/${file}`;
      const info = machine.info(path);
      const odd =
        info === undefined ? 'it cannot be opened' : 'it is a folder, or something else that is no file';
      return {
        ...{ layer: name, path, shown: path.slice(STORAGE.length), bytes: info?.size ?? 0 },
        ...(info?.kind === 'file' ? {} : { odd }),
      };
    }),
  );
}

/** Read an image's manifest; `undefined` where it has none. */
export function readManifest(machine: GuestSystem, image: ImageFile): Result<Manifest | undefined> {
  const info = readInfo(machine, image);
  return info.ok ? ok(info.value.manifest) : info;
}

/** Read what an image tells of itself. */
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

/** The problem of a medium that does not give an image's bytes, in the words of who read it. */
export function unreadableImage(image: ImageFile, words: string): Problem {
  return { ...unreadable(words || FEWER_BYTES), where: image.shown };
}

function unreadable(why: string): Problem {
  return {
    code: 'storage-unreadable',
    what: 'the storage device cannot be read',
    why,
    next: 'look whether it is still attached and what dmesg says; then exit to try again, or use another device',
  };
}
