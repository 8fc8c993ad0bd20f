/** A folder with images on the host. */
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Result } from '../../core/result.js';
import type { FolderReader } from '../../core/set/folder.js';
import { disabledLayerName, layerName } from '../../core/set/layer-names.js';
import { readStored, type StoredImages } from '../../core/set/stored.js';

/** The images in a folder; fails if it cannot be listed. */
export function openImages(path: string): Result<StoredImages> {
  let names: string[];
  try {
    names = readdirSync(path);
  } catch (cause) {
    return err({
      code: 'images-folder-unreadable',
      what: 'cannot read the images folder',
      where: path,
      why: (cause as Error).message,
      next: 'name the folder that contains them with --output',
    });
  }
  return ok(readStored(readerOf(path, names)));
}

/** A folder as core reads it. `names` is what lies there. */
export function readerOf(path: string, names: readonly string[] = readdirSync(path)): FolderReader {
  return {
    names,
    size: (file) => {
      const found = statSync(join(path, file), { throwIfNoEntry: false });
      return found?.isFile() === true ? found.size : undefined;
    },
    read: (file, offset, length) => readPart(join(path, file), offset, length),
  };
}

/** Names of the layers in a folder, disabled ones too. */
export function layerFiles(path: string): string[] {
  return readdirSync(path).filter((name) => (layerName(name) ?? disabledLayerName(name)) !== undefined);
}

/** Bytes of a file, fewer at its end; `undefined` where it cannot be read. */
export function readPart(path: string, offset: number, length: number): Uint8Array | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    const buffer = Buffer.alloc(length);
    return buffer.subarray(0, readSync(fd, buffer, 0, length, offset));
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
