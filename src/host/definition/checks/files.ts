/** What `files` places: where it is never seen, below what is no folder, from what is not there. */
import { statSync } from 'node:fs';
import { isWithin } from '../../../core/text/path.js';
import { type Fault, fault } from '../fault.js';
import type { MachineConfig } from '../machine.js';
import { HIDDEN } from './hidden.js';
import { present } from './present.js';

/** Every fault of `files`. */
export function checkFiles(machine: MachineConfig): Fault[] {
  return Object.entries(machine.files).flatMap(([path, file]) => {
    const at = ['files', path];
    const hidden = HIDDEN.find((folder) => isWithin(path, folder));
    if (hidden !== undefined) {
      return [
        fault(
          'hidden-path',
          at,
          (named) => `${named(at)}: ${hidden} is covered when the machine runs, nothing in it would be seen`,
          'name another place',
        ),
      ];
    }
    const above = parents(path).find((parent) => isFile(machine.files[parent]));
    if (above !== undefined) {
      return [
        fault(
          'below-a-file',
          at,
          (named) => `${named(at)} lies below ${above}, which is no folder`,
          'take one of them out',
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
        (named) => `${named(at)}: ${file.from} is a folder, and only files can be templates`,
        'name each file that is a template by itself',
      ),
    ];
  });
}

/** The folders on the way to a path. */
function parents(path: string): string[] {
  const parts = path.split('/').slice(1, -1);
  return parts.map((_, i) => `/${parts.slice(0, i + 1).join('/')}`);
}

/** Whether a field makes something that nothing can lie in; a link may lead to a folder. */
function isFile(file: MachineConfig['files'][string] | undefined): boolean {
  if (typeof file === 'string') return true;
  return file !== undefined && ('content' in file || ('from' in file && !isFolder(file.from)));
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
