/** Whether files of this host that fields name exist. */
import { type Stats, statSync } from 'node:fs';
import { type Fault, fault } from '../fault.js';
import type { Path } from '../merge.js';

/** An error if a file of this host that a field names does not exist, or is of another kind. */
export function present(path: Path, file: string, kind: 'file' | 'folder' | 'any'): Fault[] {
  let found: Stats | undefined;
  try {
    found = statSync(file, { throwIfNoEntry: false });
  } catch {
    // Only root may look there; root builds.
    return [];
  }
  if (found === undefined) {
    const next = 'correct the path: it is relative to the definition file that names it';
    return [fault('no-such-file', path, (named) => `${named(path)}: no such file: ${file}`, next)];
  }
  if (kind === 'file' && !found.isFile())
    return [
      fault('not-a-file', path, (named) => `${named(path)}: ${file} is not a regular file`, 'name a file'),
    ];
  if (kind === 'folder' && !found.isDirectory())
    return [
      fault('not-a-folder', path, (named) => `${named(path)}: ${file} is not a folder`, 'name a folder'),
    ];
  return [];
}
