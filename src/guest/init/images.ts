/** The images on the mounted storage device. */
import { FILES, PARAM } from '../../core/contract.js';
import { type ImageInfo, readImageInfo } from '../../core/image.js';
import { quoteName } from '../../core/path.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import type { Machine } from '../machine.js';
import { STORAGE } from './places.js';

/** Most names shown of a folder. */
const SHOWN = 20;

/** An image file as it lies on the storage device. */
export interface ImageFile {
  /** Its path inside the initramfs. */
  readonly path: string;
  readonly bytes: number;
}

/** Find the base in the folder of the images; else say what is there instead. */
export function findBase(machine: Machine, imagesPath: string): Result<ImageFile> {
  const folder = STORAGE + imagesPath;
  if (machine.info(folder)?.kind !== 'directory') return err(noFolder(machine, imagesPath));
  const path = `${folder}/${FILES.base}`;
  const info = machine.info(path);
  if (info?.kind === 'file') return ok({ path, bytes: info.size });
  return err({
    what: `there is no ${FILES.base} in the folder of the images`,
    where: `${PARAM.path}=${imagesPath === '' ? '/' : imagesPath}`,
    why: contents(machine, imagesPath),
    next: `copy ${FILES.base} there, or correct ${PARAM.path} in the boot loader`,
  });
}

function noFolder(machine: Machine, imagesPath: string): Problem {
  let parent = imagesPath;
  while (parent !== '' && machine.info(STORAGE + parent)?.kind !== 'directory') {
    parent = parent.slice(0, parent.lastIndexOf('/'));
  }
  return {
    what: 'the folder of the images is not on the storage device',
    where: `${PARAM.path}=${imagesPath}`,
    why: contents(machine, parent),
    next: `correct ${PARAM.path} in the boot loader: the path counts from the top of that file system`,
  };
}

function contents(machine: Machine, folder: string): string {
  const names = machine.list(STORAGE + folder) ?? [];
  const shown = names.slice(0, SHOWN).map(quoteName).join(', ');
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
  const place = folder === '' ? '/' : folder;
  return names.length === 0
    ? `${place} on the device is empty`
    : `in ${place} on the device lies: ${shown}${more}`;
}

/** Layers lying beside the base, by name. */
export function listLayers(machine: Machine, imagesPath: string): string[] {
  const names = machine.list(STORAGE + imagesPath) ?? [];
  return names.filter((name) => /^persistence\..+\.cpio\.zst$/.test(name));
}

/** Read an image's manifest from its end. */
export function readInfo(machine: Machine, image: ImageFile): Result<ImageInfo> {
  const read = (offset: number, length: number): Uint8Array =>
    machine.readAt(image.path, offset, length) ?? new Uint8Array(0);
  const info = readImageInfo(read, image.bytes);
  return info.ok ? info : err({ where: image.path.slice(STORAGE.length), ...info.problem });
}
