/** What a definition must not say though every field by itself is as it should be. */

import { type Stats, statSync } from 'node:fs';
import { basename } from 'node:path';
import { isBelow, isWithin } from '../../core/path.js';
import { checkDisks } from './disk-checks.js';
import type { Fault } from './issues.js';
import { nameOf } from './issues.js';
import type { Machine } from './machine.js';
import type { Path } from './merge.js';
import { isDebFile, packageNameOf } from './package-names.js';

type Repository = Machine['repositories'][string];

/** Every fault, in the order of the schema. */
export function checkMachine(machine: Machine): Fault[] {
  return [suite, format, packages, files, checkDisks, volumes, tables, users, services, names].flatMap(
    (check) => check(machine),
  );
}

const fault = (path: Path, what: string, next: string): Fault => ({ path, what, next });

/** Suites before trixie: they lack quickjs, the engine of early boot. */
const TOO_OLD = ['oldoldstable', 'oldstable', 'buster', 'bullseye', 'bookworm'];

function suite({ suite: name }: Machine): Fault[] {
  if (!TOO_OLD.includes(name)) return [];
  return [
    fault(
      ['suite'],
      `the suite ${name} is too old: early boot runs on quickjs, which Debian packages from trixie on`,
      'use trixie or a newer suite',
    ),
  ];
}

/** From this Linux on it reads what mkma puts into an EROFS: compressed by zstd (CONFIG_EROFS_FS_ZIP_ZSTD). */
const EROFS_ZSTD = [6, 10] as const;

function format({ format: form, kernel }: Machine): Fault[] {
  const release =
    kernel.from === 'path' ? basename(kernel.modules) : kernel.from === 'host' ? kernel.release : undefined;
  if (form !== 'erofs' || release === undefined) return [];
  const [major = 0, minor = 0] = release.split('.').map((part) => Number.parseInt(part, 10));
  const [least, atLeast] = EROFS_ZSTD;
  if (major > least || (major === least && minor >= atLeast)) return [];
  return [
    fault(
      ['format'],
      `the kernel ${release} does not read a base of the form erofs: that takes Linux ${EROFS_ZSTD.join('.')}`,
      "use the suite's kernel (--kernel debian), or the form cpio",
    ),
  ];
}

/** What a field that names a file of this host must find there. */
function present(path: Path, file: string, kind: 'file' | 'folder' | 'any'): Fault[] {
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

/** A flat repository has no components, and any other one has some (sources.list(5)). */
function flat(name: string, { suites, components }: Pick<Repository, 'suites' | 'components'>): Fault[] {
  const at = ['repositories', name, 'components'];
  const [flats, others] = [true, false].map((is) => suites.filter((suite) => suite.endsWith('/') === is));
  const code = 'repository-components';
  const [first] = flats ?? [];
  if (first !== undefined && components.length > 0) {
    const what = `${nameOf(at)}: the suite "${first}" is a flat one, which has no components`;
    return [{ ...fault(at, what, 'take the components out, or name a suite without a / at its end'), code }];
  }
  if (components.length > 0 || (others ?? []).length === 0) return [];
  const what = `${nameOf(at)} is missing: the suite "${others?.[0]}" has some`;
  const next = `name them, as in components: ['main']; a flat repository has a suite that ends with /`;
  return [{ ...fault(['repositories', name], what, next), code }];
}

function packages(machine: Machine): Fault[] {
  const debs = (list: readonly string[], path: Path) =>
    list.flatMap((entry, i) => (isDebFile(entry) ? present([...path, i], entry, 'file') : []));
  const { repositories, builds, kernel } = machine;
  return [
    ...Object.entries(repositories).flatMap(([name, { key, ...rest }]) => [
      ...flat(name, rest),
      ...(typeof key !== 'string' || key.includes('\n')
        ? []
        : present(['repositories', name, 'key'], key, 'file')),
    ]),
    ...debs(machine.packages, ['packages']),
    ...builds.flatMap(({ packages: own, sources }, i) => [
      ...debs(own, ['builds', i, 'packages']),
      ...Object.entries(sources).flatMap(([name, file]) =>
        present(['builds', i, 'sources', name], file, 'any'),
      ),
    ]),
    ...(kernel.from === 'path'
      ? [
          ...present(['kernel', 'image'], kernel.image, 'file'),
          ...present(['kernel', 'modules'], kernel.modules, 'folder'),
        ]
      : []),
  ];
}

/** Folders that something is mounted over at boot: what an image has in them is never seen. */
const HIDDEN = ['/proc', '/sys', '/dev', '/run', '/tmp', '/overlay'];

function files(machine: Machine): Fault[] {
  return Object.entries(machine.files).flatMap(([path, file]) => {
    const at = ['files', path];
    const hidden = HIDDEN.find((folder) => isWithin(path, folder));
    if (hidden !== undefined) {
      return [
        fault(
          at,
          `${nameOf(at)}: ${hidden} is covered when the machine runs, nothing in it would be seen`,
          'name another place',
        ),
      ];
    }
    const above = parents(path).find((parent) => isFile(machine.files[parent]));
    if (above !== undefined) {
      return [fault(at, `${nameOf(at)} lies below ${above}, which is no folder`, 'take one of them out')];
    }
    if (typeof file !== 'object' || !('from' in file)) return [];
    const missing = present([...at, 'from'], file.from, 'any');
    if (missing.length > 0 || file.values === undefined || !isFolder(file.from)) return missing;
    return [
      fault(
        [...at, 'values'],
        `${nameOf(at)}: ${file.from} is a folder, and only files can be templates`,
        'name each file that is a template by itself',
      ),
    ];
  });
}

/** Tables of what is mounted that the definition writes whole, though fields of it have lines in them. */
function tables({ mounts, swap, ramVolumes, files: placed }: Machine): Fault[] {
  const disks = Object.keys(mounts).length > 0 || swap.length > 0;
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
function volumes({ ramVolumes, files: placed }: Machine): Fault[] {
  return Object.entries(ramVolumes).flatMap(([path, volume]) => {
    if (volume === false) return [];
    const at = ['ramVolumes', path];
    const hidden = HIDDEN.find((folder) => isWithin(path, folder));
    if (hidden !== undefined) {
      return [
        fault(at, `${nameOf(at)}: ${hidden} is mounted over when the machine runs`, 'name another place'),
      ];
    }
    const lost = Object.keys(placed).find((file) => isBelow(file, path));
    if (lost === undefined) return [];
    return [
      {
        code: 'volume-hides-file',
        path: at,
        what: `${nameOf(at)}: it is empty at each boot, and would hide ${lost} of the definition`,
        next: `name a folder beside it, or take one of them out (ramVolumes: { '${path}': false } takes out a preset's volume)`,
      },
    ];
  });
}

/** The folders on the way to a path. */
function parents(path: string): string[] {
  const parts = path.split('/').slice(1, -1);
  return parts.map((_, i) => `/${parts.slice(0, i + 1).join('/')}`);
}

/** Whether a field makes something that nothing can lie in; a link may lead to a folder. */
function isFile(file: Machine['files'][string] | undefined): boolean {
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

/** What may be said of root, who is there already. */
const OF_ROOT = ['password', 'authorizedKeys', 'autologin', 'shell', 'system', 'groups', 'sudo'];
/** Packages that let people in over a network. */
const NETWORK_LOGINS = [
  'openssh-server',
  'dropbear',
  'dropbear-bin',
  'tinysshd',
  'telnetd',
  'inetutils-telnetd',
  'telnetd-ssl',
  'rsh-server',
  'cockpit',
  'cockpit-ws',
  'xrdp',
];

function users(machine: Machine): Fault[] {
  const taken = new Map<string, string>();
  const login = machine.packages
    .map(packageNameOf)
    .filter((name) => !machine.excludePackages.includes(name))
    .find((name) => NETWORK_LOGINS.includes(name));
  return Object.entries(machine.users).flatMap(([name, user]) => {
    const at = ['users', name];
    const found: Fault[] = [];
    if (name === 'root') {
      const odd = Object.keys(user).find((key) => !OF_ROOT.includes(key));
      if (odd !== undefined)
        found.push(
          fault([...at, odd], `${nameOf([...at, odd])} cannot be said: root is there already`, 'take it out'),
        );
      if (user.sudo !== false)
        found.push(
          fault([...at, 'sudo'], 'users.root.sudo cannot be said: root needs no sudo', 'take it out'),
        );
    }
    user.autologin.forEach((terminal, i) => {
      const other = taken.get(terminal);
      if (other !== undefined) {
        found.push(
          fault(
            [...at, 'autologin', i],
            `${terminal} logs in both ${other} and ${name}`,
            `leave it to one of them; to take it from ${other}: users: { ${other}: { autologin: replace([]) } }`,
          ),
        );
      }
      taken.set(terminal, name);
    });
    const { password } = user;
    if (password === 'empty' && login !== undefined) {
      found.push(
        fault(
          [...at, 'password'],
          `${name} would have an empty password on a machine with a network login (${login})`,
          'lock it (password: "locked") and use authorizedKeys, or leave out the network login',
        ),
      );
    }
    if (typeof password === 'object' && 'hashFile' in password)
      found.push(...present([...at, 'password', 'hashFile'], password.hashFile, 'file'));
    user.authorizedKeys.forEach((key, i) => {
      if (typeof key === 'object')
        found.push(...present([...at, 'authorizedKeys', i, 'file'], key.file, 'file'));
    });
    return found;
  });
}

/** A unit with its ending. */
export function unitOf(name: string): string {
  return /\.(service|socket|timer|target|path|mount|automount|swap|slice|scope|device)$/.test(name)
    ? name
    : `${name}.service`;
}

function services({ services: { enable, disable, mask } }: Machine): Fault[] {
  const enabled = new Set(enable.map(unitOf));
  const both = (list: readonly string[], word: string): Fault[] =>
    list.flatMap((name, i) =>
      enabled.has(unitOf(name))
        ? [
            fault(
              ['services', word, i],
              `${unitOf(name)} is to be enabled and ${word === 'mask' ? 'masked' : 'disabled'} at once`,
              'take it out of one of the lists; what was said before is forgotten with replace([...])',
            ),
          ]
        : [],
    );
  return [...both(disable, 'disable'), ...both(mask, 'mask')];
}

function names({ builds, tests, hooks }: Machine): Fault[] {
  const twice = (list: readonly { readonly name: string }[], field: string): Fault[] =>
    list.flatMap(({ name }, i) =>
      list.findIndex((other) => other.name === name) < i
        ? [
            fault(
              [field, i, 'name'],
              `${nameOf([field, i])} has the name "${name}", as one before it`,
              'give each a name of its own',
            ),
          ]
        : [],
    );
  const scripts = hooks.flatMap(({ run, on, at }, i) => [
    ...(typeof run === 'object' ? present(['hooks', i, 'run', 'script'], run.script, 'file') : []),
    ...(at === 'images' && on === 'image' && typeof run !== 'function'
      ? [
          fault(
            ['hooks', i, 'on'],
            `${nameOf(['hooks', i])} is to run in the image once that is packed`,
            'run it on the host (on: "host"), or at "system"',
          ),
        ]
      : []),
  ]);
  return [...twice(builds, 'builds'), ...twice(tests, 'tests'), ...scripts];
}
