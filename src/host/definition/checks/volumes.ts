/** Volumes in RAM that hide something or are hidden, and the tables of what is mounted. */
import { isBelow, isWithin } from '../../../core/text/path.js';
import { type Fault, fault } from '../fault.js';
import type { MachineConfig } from '../machine.js';
import { HIDDEN } from './hidden.js';

/** Tables of what is mounted that the definition writes whole, though fields of it have lines in them. */
export function checkTables({ mounts, swap, ramVolumes, files: placed }: MachineConfig): Fault[] {
  const disks = Object.values(mounts).some(Boolean) || swap.length > 0;
  const volumed = Object.values(ramVolumes).some(Boolean);
  return Object.entries({ '/etc/fstab': disks || volumed, '/etc/crypttab': disks })
    .filter(([path, written]) => written && path in placed)
    .map(([path]) => ({
      code: 'table-twice',
      path: ['files', path],
      what: `files has ${path}, in which mounts, swap and ramVolumes have their lines`,
      next: 'say what it has in those fields, or take them out',
    }));
}

/** Volumes that hide something, or are hidden. */
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
          (named) => `${named(at)}: ${hidden} is mounted over when the machine runs`,
          'name another place',
        ),
      ];
    }
    const lost = Object.keys(placed).find((file) => isBelow(file, path));
    if (lost === undefined) return [];
    return [
      {
        code: 'volume-hides-file',
        path: at,
        what: (named) => `${named(at)}: it is empty at each boot, and would hide ${lost} of the definition`,
        next: `name a folder beside it, or take one of them out (ramVolumes: { '${path}': false } takes out a preset's volume)`,
      },
    ];
  });
}
