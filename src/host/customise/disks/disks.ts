/**
 * A definition's disks in the tree: mount points, tables, units and programs, and warnings about them.
 */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Result } from '../../../core/result.js';
import { isWithin } from '../../../core/text/path.js';
import { disksOf, mappingsOf, mountOver, mountsOf, plainPath } from '../../definition/disks.js';
import { nameOf } from '../../definition/issues.js';
import type { MachineConfig } from '../../definition/machine.js';
import { PACKAGE } from '../../installed.js';
import { resolveInTree } from '../../sys/tree-files.js';
import { type Ids, readIds } from '../ids.js';
import type { Tree } from '../tree.js';
import { diskLinks, HERE, homeFiles } from './files.js';
import { fstabLines, type Home, homesOnDisks } from './tables.js';

/** The folder with the programs of machines with disks. */
export const PROGRAMS = join(PACKAGE, 'presets/disks');

/** Homes of the definition's users that are on disks. */
export function homesIn({ homes }: Ids, machine: MachineConfig): Home[] {
  const own = Object.keys(machine.users).flatMap((name): [string, string][] => {
    const home = homes.get(name);
    return home === undefined ? [] : [[name, home]];
  });
  return homesOnDisks(machine, new Map(own));
}

/** Adds them to fstab(5), with the files they need. */
export function setDisks({ root, files }: Tree, machine: MachineConfig): Result<void> {
  if (disksOf(machine).length === 0) return ok();
  const homes = homesIn(readIds(root), machine);
  for (const { point } of mountsOf(machine)) files.makeFolder(point);
  for (const [path, text] of Object.entries(homeFiles(homes))) files.write(path, text);
  for (const [path, target] of Object.entries(diskLinks(machine, homes))) files.link(target, path);
  for (const name of readdirSync(PROGRAMS))
    files.write(join(HERE, name), readFileSync(join(PROGRAMS, name), 'utf8'), 0o755);
  const lines = fstabLines(machine, homes);
  files.edit('/etc/fstab', (text) => `${text}# Disks of the definition.\n${lines.join('')}`);
  return ok();
}

/**
 * Warns of what only the finished tree shows. Refuses a mount point that is not a directory.
 */
export function warnOfDisks(tree: Tree, machine: MachineConfig): Result<void> {
  warnOfKeys(tree, machine);
  const mounts = mountsOf(machine);
  const homes = homesIn(readIds(tree.root), machine).map(({ path }) => path);
  const volumes = Object.entries(machine.ramVolumes).flatMap(([path, said]) =>
    said === false ? [] : [path],
  );
  const covered = [...homes, ...mounts.map(({ point }) => point), ...volumes];
  for (const { point, field } of mounts) {
    if (!statSync(resolveInTree(tree.root, point, true)).isDirectory()) {
      return err({
        kind: 'usage',
        code: 'mount-on-file',
        what: 'a mount point is not a folder',
        where: nameOf(field),
        field,
        why: `the field files puts something else there: ${point}`,
        next: 'remove one of them',
      });
    }
    // The content of a home is copied to the disk.
    if (homes.includes(point)) continue;
    const within = (path: string): boolean => covered.some((one) => isWithin(plainPath(one), path));
    const hidden = readdirSync(resolveInTree(tree.root, point, true)).filter(
      (name) => !within(`${point}/${name}`),
    );
    if (hidden.length === 0) continue;
    tree.warn({
      code: 'mount-hides',
      what: `the disk at ${point} hides files of the image`,
      where: nameOf(field),
      why: `the image contains ${hidden.slice(0, 5).join(', ')}${hidden.length > 5 ? ` and ${hidden.length - 5} more` : ''}`,
      next: 'copy them to the disk yourself, or mount the disk elsewhere',
    });
  }
  return ok();
}

/** Permission bits of all but the owner. */
const OTHERS = 0o077;

function warnOfKeys(tree: Tree, machine: MachineConfig): void {
  const mounts = mountsOf(machine);
  const disks = disksOf(machine);
  for (const { keyFile, keyDevice, name } of mappingsOf(disks)) {
    // Files on a disk cannot be checked here.
    if (keyFile === undefined || keyDevice !== undefined || mountOver(mounts, keyFile) !== undefined)
      continue;
    if (/^\/(run|dev|proc|sys)\//.test(keyFile)) continue;
    const field = disks.find(({ mapping }) => mapping?.name === name)?.field ?? [];
    const where = `${nameOf([...field, 'encrypted', 'keyFile'])}: ${keyFile}`;
    const info = statSync(resolveInTree(tree.root, keyFile, true), { throwIfNoEntry: false });
    if (info === undefined) {
      tree.warn({
        code: 'no-key-file',
        what: 'no such key file in the image',
        where,
        why: 'neither packages nor the definition provide it: boots will ask for the passphrase',
        next: "add it (files: { ...: { from: './home.key', mode: '0600' } }), or name its keyDevice",
      });
    } else if ((info.mode & OTHERS) !== 0) {
      tree.warn({
        code: 'open-key-file',
        what: 'users of the machine can read a key file',
        where,
        why: `its mode is ${(info.mode & 0o7777).toString(8)}`,
        next: "give it mode: '0600'",
      });
    }
  }
}
