/** A full file system: how programs report it, and what to do about it. */
import { statfsSync } from 'node:fs';
import { formatBytes } from '../../core/text/size.js';

/** What programs print: ENOSPC in errno(3). */
export const NO_SPACE = /No space left on device|ENOSPC/;

export const MAKE_SPACE =
  'free some space (mkma clean --dry-run shows what mkma itself can remove), or name another folder with --output or --cache, and try again';

/** How much is free now on the file systems of these folders, as lines. */
export function roomLines(...folders: readonly string[]): string[] {
  const lines = folders.flatMap((folder) => {
    try {
      const { bavail, blocks, bsize, ffree, files } = statfsSync(folder);
      const inodes = files > 0 && ffree < 1000 ? `, ${ffree} inodes` : '';
      return [
        `${folder}: ${formatBytes(bavail * bsize)} of ${formatBytes(blocks * bsize)} are free now${inodes}`,
      ];
    } catch {
      return [];
    }
  });
  return [...new Set(lines)];
}
