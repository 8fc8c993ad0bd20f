/** The files by which a running kernel describes its machine: /sys and /proc. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Such files, of this machine or of a test's. Paths have no leading slash. */
export interface SystemFiles {
  /** Names in a folder, in byte order; none where it is not there. */
  readonly list: (path: string) => readonly string[];
  /** A file's text; empty where it is not there or cannot be read. */
  readonly text: (path: string) => string;
  /** What a symbolic link names; `undefined` where there is none. */
  readonly link: (path: string) => string | undefined;
}

/** Files of this machine, and those that are there but could not be read. */
export interface DiskFiles extends SystemFiles {
  /** Absolute paths. */
  readonly refused: ReadonlySet<string>;
}

/** Not there, or no link; a device may also vanish while it is read. */
const ABSENT = ['ENOENT', 'ENOTDIR', 'EINVAL', 'ENODEV', 'ENXIO'];

/** The files below `root`. */
export function diskFiles(root = '/'): DiskFiles {
  const refused = new Set<string>();
  const attempt = <T>(path: string, read: (path: string) => T, otherwise: T): T => {
    try {
      return read(join(root, path));
    } catch (cause) {
      if (!ABSENT.includes((cause as NodeJS.ErrnoException).code ?? '')) refused.add(join('/', path));
      return otherwise;
    }
  };
  return {
    refused,
    list: (path) => attempt(path, (real) => readdirSync(real).sort(), []),
    text: (path) => attempt(path, (real) => readFileSync(real, 'utf8'), ''),
    link: (path) => attempt<string | undefined>(path, (real) => readlinkSync(real), undefined),
  };
}
