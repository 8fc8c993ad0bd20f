/** What makes a tree of installed packages the defined machine, and leaves nothing over. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { ok, type Result } from '../../core/result.js';
import type { Machine } from '../definition/machine.js';
import { installProgram } from '../steps/machine-program.js';
import { TreeFiles } from '../sys/tree-files.js';
import { makeUsers } from './accounts.js';
import { placeFiles } from './place-files.js';
import { setPlaces, wantedLocales } from './places.js';
import { machineFiles } from './system-files.js';
import type { Tree } from './tree.js';
import { setUnits } from './units.js';

/** Packages that fields of a definition need on the machine. */
export function impliedPackages(machine: Machine): string[] {
  const users = Object.values(machine.users);
  return [
    ...(machine.zram === undefined ? [] : ['systemd-zram-generator']),
    ...(users.some(({ sudo }) => sudo !== false) ? ['sudo'] : []),
    ...(wantedLocales(machine).length > 0 ? ['locales'] : []),
    ...(machine.keyboard === undefined ? [] : ['console-setup', 'keyboard-configuration']),
    ...machine.firmware,
    'tzdata',
  ];
}

/** Left by bootstrapping: of the building host, of downloads, or of the moment of the build. */
const LEFTOVERS = [
  '/etc/apt/sources.list',
  '/etc/apt/apt.conf.d/99mmdebstrap',
  '/boot',
  // Links into it, of kernels that packages install (linux-update-symlinks(1)).
  ...['/vmlinuz', '/vmlinuz.old', '/initrd.img', '/initrd.img.old'],
  '/var/cache/apt',
  '/var/lib/apt/lists',
  '/var/cache/debconf/config.dat-old',
  '/var/cache/debconf/templates.dat-old',
  '/var/lib/dpkg/status-old',
  '/var/lib/dpkg/diversions-old',
  '/var/lib/dpkg/statoverride-old',
  '/var/lib/systemd/random-seed',
  '/var/cache/ldconfig/aux-cache', // numbers and times of the building file system
  '/var/log/journal', // would only be used by a journal that outlives the boot
];

/** Left by the tools that make users. */
const BACKUPS = [
  '/etc/passwd-',
  '/etc/group-',
  '/etc/shadow-',
  '/etc/gshadow-',
  '/etc/subuid-',
  '/etc/subgid-',
];

/** Of which every machine makes its own. */
const HOST_KEYS = ['rsa', 'ecdsa', 'ed25519'].flatMap((kind) => {
  const key = `/etc/ssh/ssh_host_${kind}_key`;
  return [key, `${key}.pub`];
});

/** Folders that must exist, though empty: packages expect them. */
const FOLDERS = ['/boot', '/var/cache/apt/archives/partial', '/var/lib/apt/lists/partial', '/overlay'];

/** Take away what must not stay, but for what the definition puts there itself. */
export function clean(files: TreeFiles, machine: Machine): void {
  for (const path of [...LEFTOVERS, ...BACKUPS, ...HOST_KEYS]) {
    if (!(path in machine.files)) files.remove(path);
  }
  for (const path of FOLDERS) files.makeFolder(path);
}

/** Make the tree the defined machine, with mkma's own program from the folder `programs`. */
export async function customise(tree: Tree, machine: Machine, programs: string): Promise<Result<void>> {
  const { files } = tree;
  const built = Object.keys(machine.repositories).map((name) => `/etc/apt/sources.list.d/${name}.sources`);
  for (const path of built) files.remove(path);
  clean(files, machine);
  for (const [path, content] of Object.entries(machineFiles(machine))) files.write(path, content);
  installProgram(files, programs);
  files.edit('/etc/shadow', lockRoot);
  for (const step of [makeUsers, setPlaces, async () => placeFiles(tree, machine), setUnits]) {
    const done = await step(tree, machine);
    if (!done.ok) return done;
  }
  return ok();
}

/**
 * Say that what is made out of /usr (the linker's cache, the journal's catalog, system users) is up to date, as it is once packages are
 * installed. A machine that forgets everything would make it all again at every boot: systemd looks for a file that is not older than
 * /usr (systemd-update-done.service(8)).
 */
export function markUpdated(root: string): void {
  const time = Math.ceil(statSync(join(root, 'usr')).mtimeMs / 1000);
  const files = new TreeFiles(root, time);
  for (const folder of ['/etc', '/var'])
    files.write(`${folder}/.updated`, '# As of the build of this machine.\n');
}

/** shadow(5) with root's password locked: no password can match `!`. */
export function lockRoot(shadow: string): string {
  return shadow.replace(/^root:[^:]*:/m, 'root:!*:');
}
