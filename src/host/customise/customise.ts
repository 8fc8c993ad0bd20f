/** Turns a tree of installed packages into the defined machine, without leftovers. */

import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ok, type Result } from '../../core/result.js';
import { isWithin } from '../../core/text/path.js';
import { disksOf, packagesOfDisk } from '../definition/disks.js';
import type { MachineConfig } from '../definition/machine.js';
import type { Path } from '../definition/merge.js';
import { packagesOfStorage, storageKinds } from '../definition/storage-kinds.js';
import { kindKeptOut, MACHINE_ID, POLICY } from '../pack/kept-out.js';
import { TreeFiles } from '../sys/tree-files.js';
import { below } from '../sys/walk.js';
import { makeUsers } from './accounts.js';
import { setDisks, warnOfDisks } from './disks/disks.js';
import { setLocale, wantedLocales } from './locale.js';
import { installProgram } from './machine-program.js';
import { placedBy, placeFiles } from './place-files.js';
import type { KeyReader } from './repository-keys.js';
import { machineFiles } from './system-files.js';
import type { Tree } from './tree.js';
import { setUnits } from './units.js';
import { setVolumes } from './volumes.js';

/** A package that a field of a definition needs on the machine. */
export interface Needed {
  readonly name: string;
  /** The field. */
  readonly by: Path;
}

/** Packages that fields of a definition need on the machine, each once. */
export function neededPackages(machine: MachineConfig): Needed[] {
  const { zram, keyboard, locale, firmware, users } = machine;
  const admin = Object.keys(users).find((name) => users[name]?.sudo !== false);
  const by = (path: Path, ...names: string[]): Needed[] => names.map((name) => ({ name, by: path }));
  const all = [
    ...(zram === undefined ? [] : by(['zram'], 'systemd-zram-generator')),
    ...(admin === undefined ? [] : by(['users', admin, 'sudo'], 'sudo')),
    ...(wantedLocales(machine).length > 0
      ? by([wantedLocales(machine)[0] === locale ? 'locale' : 'locales'], 'locales')
      : []),
    ...(keyboard === undefined ? [] : by(['keyboard'], 'console-setup', 'keyboard-configuration')),
    ...disksOf(machine).flatMap((disk) => by(disk.field, ...packagesOfDisk(disk))),
    ...by(['initramfs', 'storage'], ...packagesOfStorage(storageKinds(machine))),
    ...firmware.flatMap((name, i) => by(['firmware', i], name)),
    ...by(['timezone'], 'tzdata'),
  ];
  return all.filter(({ name }, i) => all.findIndex((other) => other.name === name) === i);
}

/**
 * Left by bootstrapping, from the building host. In a tree that was edited by hand such files are the user's.
 */
const LEFTOVERS = [
  '/etc/apt/sources.list',
  '/etc/apt/apt.conf.d/99mmdebstrap',
  // Links into /boot, from kernels that packages install (linux-update-symlinks(1)).
  ...['/vmlinuz', '/vmlinuz.old', '/initrd.img', '/initrd.img.old'],
];

/** Empty folders that packages expect to exist. */
const FOLDERS = ['/boot', '/var/cache/apt/archives/partial', '/var/lib/apt/lists/partial', '/overlay'];

/** Removes what must not stay or would not be packed, except what the definition puts there itself. */
export function clean({ root, files }: Tree, machine: MachineConfig): void {
  for (const path of LEFTOVERS) if (!(path in machine.files)) files.remove(path);
  const all = below(root);
  const found = [...all.folders, ...all.files].map((path) => path.slice(root.length + 1));
  const matching = found.filter((path) => kindKeptOut(path) !== undefined);
  const staying = matching.filter(placedBy(machine.files));
  const out = new Set(matching.filter((path) => !staying.some((one) => isWithin(one, path))));
  // A folder as a whole: the removal checks for mounts in it.
  for (const path of out) if (!out.has(dirname(path))) files.remove(`/${path}`);
  for (const path of FOLDERS) files.makeFolder(path);
  const id = `/${MACHINE_ID}`;
  if (!(id in machine.files)) files.write(id, '');
  forbidStarts(files);
}

/**
 * Keeps maintainer scripts from starting services while packages are installed in the tree: now, also by a
 * hook on this host that enters the tree itself, and later in `mkma shell` (sys/enter-tree.ts).
 */
export function forbidStarts(files: TreeFiles): void {
  if (!files.exists(POLICY.path)) files.link(POLICY.target, POLICY.path);
  files.write(POLICY.target, '#!/bin/sh\nexit 101\n', 0o755);
}

/**
 * At the end of a build: from here on starts are forbidden in `mkma shell` only, which has a /run of its own.
 */
export function endForbidding(files: TreeFiles): void {
  files.remove(dirname(POLICY.target));
}

type Part = (tree: Tree, machine: MachineConfig) => Result<void> | Promise<Result<void>>;

/** What is done one after another, by the names that a build shows. */
const PARTS: readonly (readonly [string, Part])[] = [
  ['users', makeUsers],
  ['locale and keyboard', setLocale],
  ['disks', setDisks],
  ['volumes', setVolumes],
  ['files', placeFiles],
  ['disks of files', warnOfDisks],
  ['units', setUnits],
];

/**
 * Turns the tree into the defined machine, with mkma's own program from the folder `programs`. `read` reads
 * keys of repositories.
 */
export async function customise(
  tree: Tree,
  machine: MachineConfig,
  programs: string,
  read: KeyReader,
): Promise<Result<void>> {
  const { files } = tree;
  const built = Object.keys(machine.repositories).map((name) => `/etc/apt/sources.list.d/${name}.sources`);
  for (const path of built) files.remove(path);
  clean(tree, machine);
  for (const [path, content] of Object.entries(machineFiles(machine, read))) files.write(path, content);
  installProgram(files, programs);
  files.edit('/etc/shadow', lockRoot);
  for (const [name, part] of PARTS) {
    const done = await tree.step(name, async (inner) => part(inner, machine));
    if (!done.ok) return done;
  }
  return ok();
}

/**
 * Marks what is generated from /usr (the linker's cache, the journal's catalog, system users) as up to date,
 * as it is once packages are installed. A machine that forgets everything would generate it again at every
 * boot: systemd looks for a file that is not older than /usr (systemd-update-done.service(8)).
 */
export function markUpdated(root: string): void {
  const time = Math.ceil(statSync(join(root, 'usr')).mtimeMs / 1000);
  const files = new TreeFiles(root, time);
  for (const folder of ['/etc', '/var'])
    files.write(`${folder}/.updated`, '# As of the build of this machine.\n');
}

/** shadow(5) with root's password locked: no password matches `!`. */
function lockRoot(shadow: string): string {
  return shadow.replace(/^root:[^:]*:/m, 'root:!*:');
}
