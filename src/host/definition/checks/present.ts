/** What fields that name something on this host must find there. */
import { type Stats, statSync } from 'node:fs';
import { type Fault, fault } from '../fault.js';
import type { Path } from '../merge.js';

/** What a field that names a file of this host must find there. */
export function present(path: Path, file: string, kind: 'file' | 'folder' | 'any'): Fault[] {
  let found: Stats | undefined;
  try {
    found = statSync(file, { throwIfNoEntry: false });
  } catch {
    // Where nobody but root may look; root builds.
    return [];
  }
  if (found === undefined) {
    const next = 'correct the path: it is relative to the file that names it';
    return [fault('no-such-file', path, (named) => `${named(path)}: there is no ${file}`, next)];
  }
  if (kind === 'file' && !found.isFile())
    return [fault('not-a-file', path, (named) => `${named(path)}: ${file} is no file`, 'name a file')];
  if (kind === 'folder' && !found.isDirectory())
    return [fault('not-a-folder', path, (named) => `${named(path)}: ${file} is no folder`, 'name a folder')];
  return [];
}
