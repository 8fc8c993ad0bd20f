/** RAM volumes: lines of fstab(5), and their mount points. */

import { err, ok, type Result } from '../../core/result.js';
import { isBelow } from '../../core/text/path.js';
import { nameOf } from '../definition/issues.js';
import type { MachineConfig } from '../definition/machine.js';
import { homesIn } from './disks/disks.js';
import { escaped, optionsOnDisk } from './disks/tables.js';
import { ownerIn, readIds } from './ids.js';
import type { Tree } from './tree.js';

/** Adds the mounts to /etc/fstab. Fails if an owner does not exist. */
export function setVolumes({ root, files }: Tree, machine: MachineConfig): Result<void> {
  const { ramVolumes } = machine;
  const ids = readIds(root);
  const homes = homesIn(ids, machine);
  const lines: string[] = [];
  // A volume in another volume is mounted after it, and its mount point is created there at boot.
  for (const [path, volume] of Object.entries(ramVolumes).sort()) {
    if (volume === false) continue;
    const { size, mode, owner = 'root' } = volume;
    const found = ownerIn(ids, owner);
    if (found === undefined) {
      const field = ['ramVolumes', path, 'owner'];
      return err({
        code: 'no-such-owner',
        what: 'the owner of a volume does not exist',
        where: nameOf(field),
        field,
        why: `neither the packages nor the definition create ${owner}`,
        next: 'add the user or group, or the package that creates it',
      });
    }
    const { uid, gid } = found;
    for (const above of homeFolders(path, ids.homes.get(owner.split(':')[0] ?? ''))) {
      files.makeFolder(above, undefined, found, 'new');
    }
    files.makeFolder(path, Number.parseInt(mode, 8), found);
    const options = [
      ...[`size=${size}`, `mode=${mode}`, `uid=${uid}`, `gid=${gid}`, 'nodev'],
      ...optionsOnDisk(path, machine, homes),
    ];
    lines.push(`tmpfs ${escaped(path)} tmpfs ${options.join(',')} 0 0\n`);
  }
  if (lines.length > 0)
    files.edit('/etc/fstab', (text) => `${text}# Volumes in RAM of the definition.\n${lines.join('')}`);
  return ok();
}

/** Folders of a home on the way to a path in it: they belong to its user. */
function homeFolders(path: string, home: string | undefined): string[] {
  // System accounts have / as their home: nothing in it is theirs.
  if (home === undefined || home === '/' || !isBelow(path, home)) return [];
  const parts = path
    .slice(home.length + 1)
    .split('/')
    .slice(0, -1);
  return parts.map((_, i) => `${home}/${parts.slice(0, i + 1).join('/')}`);
}
