/** The files in which a running kernel describes its machine: /sys and /proc. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Such files, of this machine or of a test. Paths have no leading slash. */
export interface SystemFiles {
  /** Names in a folder, in byte order; none if it does not exist. */
  readonly list: (path: string) => readonly string[];
  /** A file's text; empty if it does not exist or cannot be read. */
  readonly text: (path: string) => string;
  /** The target of a symlink; `undefined` if there is none. */
  readonly link: (path: string) => string | undefined;
}

/** Files of this machine, and those that could not be read. */
export interface DiskFiles extends SystemFiles {
  /** Absolute paths. */
  readonly refused: ReadonlySet<string>;
}

/** It does not exist, or is not a link; a device may also vanish while it is read. */
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
