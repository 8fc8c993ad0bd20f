/** Faults of whole definitions, and the one that many fields share: what they name on this host is not there. */
import { type Stats, statSync } from 'node:fs';
import { type Fault, nameOf } from '../issues.js';
import type { Path } from '../merge.js';

/** A fault without a code of its own. `next`: what to do. */
export const fault = (path: Path, what: string, next: string): Fault => ({ path, what, next });

/** A fault by a code of its own. */
export const coded = (code: string, path: Path, what: string, next: string): Fault => ({
  ...{ code, path, what, next },
});

/** What a field that names a file of this host must find there. */
export function present(path: Path, file: string, kind: 'file' | 'folder' | 'any'): Fault[] {
  let found: Stats | undefined;
  try {
    found = statSync(file, { throwIfNoEntry: false });
  } catch {
    // Where nobody but root may look; root builds.
    return [];
  }
  if (found === undefined)
    return [
      fault(
        path,
        `${nameOf(path)}: there is no ${file}`,
        'correct the path: it is relative to the file that names it',
      ),
    ];
  if (kind === 'file' && !found.isFile())
    return [fault(path, `${nameOf(path)}: ${file} is no file`, 'name a file')];
  if (kind === 'folder' && !found.isDirectory())
    return [fault(path, `${nameOf(path)}: ${file} is no folder`, 'name a folder')];
  return [];
}
