/** Checks of `files`: hidden paths, paths below files, missing sources. */
import { statSync } from 'node:fs';
import { isWithin } from '../../../core/text/path.js';
import { type Fault, fault } from '../fault.js';
import type { MachineConfig } from '../machine.js';
import { HIDDEN } from './hidden.js';
import { present } from './present.js';

/** Every error in `files`. */
export function checkFiles(machine: MachineConfig): Fault[] {
  return Object.entries(machine.files).flatMap(([path, file]) => {
    const at = ['files', path];
    const hidden = HIDDEN.find((folder) => isWithin(path, folder));
    if (hidden !== undefined) {
      return [
        fault(
          'hidden-path',
          at,
          (named) => `${named(at)}: the running machine mounts over ${hidden}, which hides it`,
          'use another path',
        ),
      ];
    }
    const above = parents(path).find((parent) => isFile(machine.files[parent]));
    if (above !== undefined) {
      return [
        fault(
          'below-a-file',
          at,
          (named) => `${named(at)} is below ${above}, which is not a folder`,
          'remove one of them',
        ),
      ];
    }
    if (typeof file !== 'object' || !('from' in file)) return [];
    const missing = present([...at, 'from'], file.from, 'any');
    if (missing.length > 0 || file.values === undefined || !isFolder(file.from)) return missing;
    return [
      fault(
        'template-folder',
        [...at, 'values'],
        (named) => `${named(at)}: ${file.from} is a folder, but only files can be templates`,
        'name each template file separately',
      ),
    ];
  });
}

/** The parent folders of a path. */
function parents(path: string): string[] {
  const parts = path.split('/').slice(1, -1);
  return parts.map((_, i) => `/${parts.slice(0, i + 1).join('/')}`);
}

/** Whether a field places something that cannot contain files; a link may point to a folder. */
function isFile(file: MachineConfig['files'][string] | undefined): boolean {
  if (typeof file === 'string') return true;
  return (
    file !== undefined && ('content' in file || 'url' in file || ('from' in file && !isFolder(file.from)))
  );
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
