/** What a tree has by a name. */
import { lstatSync, type Stats } from 'node:fs';
import { pathIn } from '../pack/scan.js';

/** Facts of a path in the tree at `root`; `undefined` if there is none, also below what is no folder. */
export function ifThere(root: string, path: string): Stats | undefined {
  try {
    return lstatSync(pathIn(root, path), { throwIfNoEntry: false });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw cause;
  }
}
