/** A folder with images, where it is mounted. */
import type { FolderReader } from '../core/set/folder.js';
import type { GuestSystem } from './system.js';

/** The folder as a reader of images takes it; `names` is what lies there, as far as that is known. */
export function readerOf(machine: GuestSystem, folder: string, names: readonly string[]): FolderReader {
  return {
    names,
    size: (file) => {
      const info = machine.info(`${folder}/${file}`);
      return info?.kind === 'file' ? info.size : undefined;
    },
    read: (file, offset, length) => machine.readAt(`${folder}/${file}`, offset, length),
  };
}
