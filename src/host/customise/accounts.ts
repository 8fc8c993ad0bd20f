/** Users of a machine: created by its own tools, then given their keys and permissions. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Result } from '../../core/result.js';
import { mountOver, mountsOf } from '../definition/disks.js';
import { nameOf } from '../definition/issues.js';
import type { MachineConfig } from '../definition/machine.js';
import { shellQuote } from '../sys/command.js';
import type { TreeFiles } from '../sys/tree-files.js';
import { existsInTree, type Ids, ownerIn, readIds } from './ids.js';
import type { Tree } from './tree.js';

type User = MachineConfig['users'][string];

/** Creates the users; root exists. */
export async function makeUsers(tree: Tree, machine: MachineConfig): Promise<Result<void>> {
  const users = Object.entries(machine.users);
  const refused = missingShell(tree.root, users);
  if (refused !== undefined) return refused;
  const made = await tree.script(userScript(users), { input: '' });
  if (!made.ok) return made;
  const hashed = passwordLines(users);
  if (!hashed.ok) return hashed;
  // Through standard input: anybody can read arguments.
  const set = hashed.value === '' ? ok() : await tree.script('chpasswd --encrypted', { input: hashed.value });
  if (!set.ok) return set;
  return giveKeys(tree.root, tree.files, machine);
}

function missingShell(root: string, users: readonly [string, User][]): Result<void> | undefined {
  for (const [name, { shell }] of users) {
    if (shell === undefined || existsInTree(root, shell)) continue;
    return err({
      code: 'shell-missing',
      kind: 'usage',
      what: 'no such login shell',
      where: `${nameOf(['users', name, 'shell'])}: ${shell}`,
      field: ['users', name, 'shell'],
      next: 'add the package that provides it',
    });
  }
  return undefined;
}

/** Shell commands that create groups and users, or change those that packages created. */
export function userScript(users: readonly [string, User][]): string {
  const groups = [...new Set(users.flatMap(([, user]) => groupsOf(user)))];
  return [
    ...groups.map((name) => `getent group ${name} >/dev/null || groupadd --system ${name}`),
    ...users.flatMap(([name, user]) => (name === 'root' ? rootLines(user) : userLines(name, user))),
  ].join('\n');
}

/**
 * Who may become root with sudo is in Debian's group of that name, which polkit checks as well (its
 * 50-default.rules).
 */
function groupsOf({ groups, sudo }: User): string[] {
  return sudo === false ? groups : [...new Set([...groups, 'sudo'])];
}

function rootLines({ shell, groups }: User): string[] {
  const words = [
    ...(shell === undefined ? [] : ['--shell', shellQuote(shell)]),
    ...(groups.length === 0 ? [] : ['--append', '--groups', groups.join(',')]),
  ];
  return words.length === 0 ? [] : [`usermod ${words.join(' ')} root`];
}

function userLines(name: string, user: User): string[] {
  const home = user.home ?? `/home/${name}`;
  const shell = user.shell ?? (user.system ? '/usr/sbin/nologin' : '/bin/bash');
  const groups = groupsOf(user);
  const common = [
    ...(user.uid === undefined ? [] : ['--uid', String(user.uid)]),
    ...(user.fullName === undefined ? [] : ['--comment', shellQuote(user.fullName)]),
    ...(groups.length === 0 ? [] : ['--groups', groups.join(',')]),
  ];
  const withHome = !user.system || user.home !== undefined;
  const make = [
    'useradd',
    ...(user.system ? ['--system'] : []),
    // A group of its own, unless one of this name exists.
    `$(getent group ${name} >/dev/null && echo --gid ${name} || echo --user-group)`,
    ...['--shell', shellQuote(shell)],
    ...(withHome
      ? ['--create-home', '--home-dir', shellQuote(home)]
      : ['--no-create-home', '--home-dir', '/nonexistent']),
    ...common,
    name,
  ];
  const change = [
    'usermod',
    ...(groups.length === 0 ? [] : ['--append']),
    ...(user.shell === undefined ? [] : ['--shell', shellQuote(shell)]),
    ...(user.home === undefined ? [] : ['--home', shellQuote(home)]),
    ...common,
    name,
  ];
  const there = change.length === 2 ? ':' : change.join(' ');
  return [`if getent passwd ${name} >/dev/null; then ${there}; else ${make.join(' ')}; fi`];
}

/**
 * Lines for chpasswd(8), for every user whose password is not as useradd leaves it. `*` matches nothing, and
 * does not lock out keys.
 */
function passwordLines(users: readonly [string, User][]): Result<string> {
  const lines: string[] = [];
  for (const [name, { password }] of users) {
    const hash = hashOf(name, password);
    if (!hash.ok) return hash;
    lines.push(`${name}:${hash.value}\n`);
  }
  return ok(lines.join(''));
}

function hashOf(name: string, password: User['password']): Result<string> {
  if (password === 'locked') return ok(name === 'root' ? '!*' : '*');
  if (password === 'empty') return ok('');
  if ('hash' in password) return ok(password.hash);
  const [first = ''] = readFileSync(password.hashFile, 'utf8').split('\n');
  if (/^\$[0-9a-z]+\$[^:\s]+$/.test(first)) return ok(first);
  return err({
    code: 'password-hash-invalid',
    kind: 'usage',
    what: 'not a password hash',
    where: `${nameOf(['users', name, 'password', 'hashFile'])}: ${password.hashFile}`,
    field: ['users', name, 'password', 'hashFile'],
    why: 'its first line does not begin like a password hash',
    next: 'create one: mkpasswd > FILE (package whois), or openssl passwd -6 > FILE',
  });
}

const SSHD = '/etc/ssh/sshd_config';
/**
 * Keys of users whose homes are on disks: those of the definition are valid there, however old the home is.
 */
const KEYS = '/etc/ssh/authorized_keys.d';
const KEYS_CONFIG = `# Homes on disks have keys of their own; those of the definition count beside them.
AuthorizedKeysFile .ssh/authorized_keys ${KEYS}/%u
`;

/** Allows users to become root, and installs their keys. */
export function giveKeys(root: string, files: TreeFiles, machine: MachineConfig): Result<void> {
  const users = Object.entries(machine.users);
  const ids = readIds(root);
  const mounts = mountsOf(machine);
  const onDisk = (home: string | undefined) => home !== undefined && mountOver(mounts, home) !== undefined;
  for (const [name, user] of users) {
    if (user.sudo !== false) {
      const asks = user.sudo === 'nopasswd' ? 'NOPASSWD: ' : '';
      files.write(`/etc/sudoers.d/mkma-${name}`, `${name} ALL=(ALL:ALL) ${asks}ALL\n`, 0o440);
    }
    const keys = user.authorizedKeys.map((key) =>
      typeof key === 'string' ? key : readFileSync(key.file, 'utf8').trimEnd(),
    );
    if (keys.length === 0) continue;
    const home = ids.homes.get(name);
    if (onDisk(home) && existsInTree(root, SSHD)) {
      files.write(`${KEYS}/${name}`, `${keys.join('\n')}\n`);
      files.write('/etc/ssh/sshd_config.d/10-mkma-disks.conf', KEYS_CONFIG);
    } else writeKeys(files, name, keys, ids);
  }
  return ok();
}

function writeKeys(files: TreeFiles, name: string, keys: readonly string[], ids: Ids): void {
  const home = ids.homes.get(name);
  const owner = ownerIn(ids, `${name}:${ids.primary.get(name)}`);
  if (home === undefined || owner === undefined) throw new Error(`the user ${name} was not made`);
  const folder = join(home, '.ssh');
  files.makeFolder(folder, 0o700, owner);
  files.write(join(folder, 'authorized_keys'), `${keys.join('\n')}\n`, 0o600, owner);
}
