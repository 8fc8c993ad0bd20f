/** Checks of RAM volumes, which may hide files or be hidden, and of fstab and crypttab. */
import { isBelow, isWithin } from '../../../core/text/path.js';
import { type Fault, fault } from '../fault.js';
import type { MachineConfig } from '../machine.js';
import { HIDDEN } from './hidden.js';

/** fstab or crypttab placed by `files`, although other fields write them. */
export function checkTables({ mounts, swap, ramVolumes, files: placed }: MachineConfig): Fault[] {
  const disks = Object.values(mounts).some(Boolean) || swap.length > 0;
  const volumed = Object.values(ramVolumes).some(Boolean);
  return Object.entries({ '/etc/fstab': disks || volumed, '/etc/crypttab': disks })
    .filter(([path, written]) => written && path in placed)
    .map(([path]) => ({
      code: 'table-twice',
      path: ['files', path],
      what: `files contains ${path}, which mounts, swap and ramVolumes write`,
      next: 'put its entries into those fields, or remove the fields',
    }));
}

/** Volumes that hide files, or are hidden. */
export function checkVolumes({ ramVolumes, files: placed }: MachineConfig): Fault[] {
  return Object.entries(ramVolumes).flatMap(([path, volume]) => {
    if (volume === false) return [];
    const at = ['ramVolumes', path];
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
    const lost = Object.keys(placed).find((file) => isBelow(file, path));
    if (lost === undefined) return [];
    return [
      {
        code: 'volume-hides-file',
        path: at,
        what: (named) =>
          `${named(at)}: the volume is empty at each boot and would hide ${lost} of the definition`,
        next: `use another folder, or remove one of them (ramVolumes: { '${path}': false } removes a preset's volume)`,
      },
    ];
  });
}
