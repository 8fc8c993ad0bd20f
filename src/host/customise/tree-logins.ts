/**
 * Who can log in to a machine, judged by its tree, whether the definition, a hook, or a person in a shell
 * made it so.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { Problem } from '../../core/result.js';
import { nameOf } from '../definition/issues.js';
import type { MachineConfig } from '../definition/machine.js';
import { LOGIN_PROGRAMS, SSH_SERVERS } from '../definition/network-logins.js';
import { resolveInTree } from '../sys/tree-files.js';
import { existsInTree } from './ids.js';

/** What a password field accepts: `empty` requires none. */
type Password = 'locked' | 'empty' | 'set';

interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: string;
  readonly home: string;
  readonly shell: string;
  readonly password: Password;
}

/** A file of the tree as text, links resolved inside it; empty if there is none. */
function read(root: string, path: string): string {
  const real = resolveInTree(root, path, true);
  return statSync(real, { throwIfNoEntry: false })?.isFile() === true ? readFileSync(real, 'utf8') : '';
}

function names(root: string, path: string): string[] {
  const real = resolveInTree(root, path, true);
  return statSync(real, { throwIfNoEntry: false })?.isDirectory() === true ? readdirSync(real).sort() : [];
}

function fieldsOf(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !/^[#+-]/.test(line))
    .map((line) => line.split(':'));
}

/**
 * Accounts, in the order of passwd(5). A field other than `x` is the password itself; without a line in
 * shadow(5), no password is accepted.
 */
function accountsOf(root: string): Account[] {
  const shadow = new Map<string, string>();
  // The first line of a name wins, as in getspnam(3).
  for (const [name = '', hash = ''] of fieldsOf(read(root, '/etc/shadow'))) {
    if (!shadow.has(name)) shadow.set(name, hash);
  }
  return fieldsOf(read(root, '/etc/passwd')).map(([name = '', field = '', uid, gid = '', , home, shell]) => {
    const hash = field === 'x' ? (shadow.get(name) ?? '*') : field;
    const password = hash === '' ? 'empty' : /^[!*]/.test(hash) ? 'locked' : 'set';
    return { name, uid: Number(uid), gid, home: home || '/', shell: shell || '/bin/sh', password };
  });
}

/** Folders of programs. */
const FOLDERS = [
  ...['/usr/sbin', '/usr/bin', '/usr/local/sbin', '/usr/local/bin'],
  ...['/usr/libexec', '/usr/lib/cockpit'],
];

function findProgram(root: string, programs: readonly string[]): string | undefined {
  const paths = programs.flatMap((name) => FOLDERS.map((folder) => `${folder}/${name}`));
  return paths.find((path) => existsInTree(root, path));
}

/**
 * Refuses an account with an empty password together with a network login, whatever made either. Whether the
 * server accepts the password (PermitEmptyPasswords of sshd_config(5), `nullok` of pam_unix(8)) is not
 * checked: one line changes it later.
 */
export function openToAll(root: string, machine?: Pick<MachineConfig, 'users'>): Problem | undefined {
  const open = accountsOf(root).find(({ password }) => password === 'empty')?.name;
  if (open === undefined) return undefined;
  const login = findProgram(root, LOGIN_PROGRAMS);
  if (login === undefined) return undefined;
  const field = ['users', open, 'password'];
  const byDefinition = machine?.users[open]?.password === 'empty';
  return {
    kind: 'usage',
    code: 'open-account',
    what: `${open} would have an empty password on a machine with a network login`,
    where: byDefinition ? nameOf(field) : join(root, 'etc/shadow'),
    ...(byDefinition ? { field, suggestion: 'locked' } : {}),
    why: `${login} is installed`,
    next: byDefinition
      ? 'lock it (password: "locked") and use authorizedKeys, or remove the network login'
      : `lock it (mkma shell passwd -l ${open}) and use authorized keys, or remove the package that contains ${login}`,
  };
}

/** Who can log in, and how, in words. Accounts of passwd(5), except those whose shell refuses logins. */
export function loginsIn(root: string): string[] {
  const terminals = autologins(root);
  const keysCount = findProgram(root, SSH_SERVERS) !== undefined;
  const sudo = sudoersOf(root);
  return accountsOf(root).flatMap((account) => {
    const { name, shell, password } = account;
    if (/\/(nologin|false|true|sync)$/.test(shell)) return [];
    const on = terminals.get(name) ?? [];
    const ways = [
      ...(on.length === 0 ? [] : [`automatically on ${on.join(', ')}`]),
      ...(password === 'locked' ? [] : [password === 'empty' ? 'with an empty password' : 'with a password']),
      ...(keysCount && hasKeys(root, account) ? ['with a key'] : []),
    ];
    if (ways.length === 0) return [];
    return [`${name} ${[...ways, ...(account.uid === 0 ? [] : sudo(account))].join(', ')}`];
  });
}

/**
 * Files with a user's keys: AuthorizedKeysFile of sshd_config(5), whose first value wins; in Debian drop-ins
 * come first.
 */
function hasKeys(root: string, { name, uid, home }: Account): boolean {
  const folder = '/etc/ssh/sshd_config.d';
  const dropIns = names(root, folder).filter((file) => file.endsWith('.conf'));
  const paths = [...dropIns.map((file) => `${folder}/${file}`), '/etc/ssh/sshd_config'];
  const said = paths.map((path) => /^\s*AuthorizedKeysFile[\s=]+(.+)$/im.exec(read(root, path))?.[1]);
  const words = said.find((one) => one !== undefined) ?? '.ssh/authorized_keys .ssh/authorized_keys2';
  const tokens: Readonly<Record<string, string>> = { u: name, h: home, U: String(uid), '%': '%' };
  return words
    .trim()
    .split(/\s+/)
    .map((word) => word.replace(/%([uhU%])/g, (_, token: string) => tokens[token] ?? ''))
    .some((path) => /^\s*[^#\s]/m.test(read(root, posix.resolve(home, path))));
}

/** Units whose drop-ins and copies may configure automatic logins, and settings of display managers. */
const UNITS = ['/usr/lib/systemd/system', '/etc/systemd/system'];
const DISPLAYS: readonly (readonly [name: string, paths: readonly string[], user: RegExp])[] = [
  ['greetd', ['/etc/greetd/config.toml'], /^\[initial_session\][^[]*?^\s*user\s*=\s*"([^"]+)"/ms],
  [
    'lightdm',
    ['/etc/lightdm/lightdm.conf', '/etc/lightdm/lightdm.conf.d'],
    /^\s*autologin-user\s*=\s*(\S+)/m,
  ],
  ['sddm', ['/etc/sddm.conf', '/etc/sddm.conf.d'], /^\[Autologin\][^[]*?^\s*User\s*=\s*(\S+)/ms],
  ['gdm', ['/etc/gdm3/daemon.conf'], /^\s*AutomaticLogin\s*=\s*(\S+)/m],
];

/** Where users are logged in automatically, by user: terminals as `tty1`, or the display manager's name. */
function autologins(root: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const add = (user: string | undefined, where: string): void => {
    const before = found.get(user ?? '') ?? [];
    if (user !== undefined && !before.includes(where)) found.set(user, [...before, where]);
  };
  for (const folder of UNITS) {
    for (const unit of names(root, folder)) {
      const [, terminal] = /^[\w-]*getty@?([^.@]*)\.service(?:\.d)?$/.exec(unit) ?? [];
      if (terminal === undefined) continue;
      const inner = names(root, `${folder}/${unit}`).map((file) => `${folder}/${unit}/${file}`);
      for (const path of inner.length > 0 ? inner : [`${folder}/${unit}`]) {
        const user = /^\s*ExecStart=.*\s(?:--autologin[ =]|-a\s*)(\S+)/m.exec(read(root, path))?.[1];
        add(user, terminal || 'terminals');
      }
    }
  }
  for (const [user, terminal] of sessionUnits(root)) add(user, terminal);
  for (const [name, paths, pattern] of DISPLAYS) {
    const files = paths.flatMap((path) => [path, ...names(root, path).map((file) => `${path}/${file}`)]);
    for (const file of files) add(pattern.exec(read(root, file))?.[1], name);
  }
  return found;
}

/**
 * Users for whom a unit that starts at boot opens a session on a terminal: PAMName=, User= and TTYPath= of
 * systemd.exec(5).
 */
function sessionUnits(root: string): [user: string, terminal: string][] {
  const folder = '/etc/systemd/system';
  const wanted = names(root, folder)
    .filter((name) => name.endsWith('.target.wants'))
    .flatMap((wants) => names(root, `${folder}/${wants}`));
  return wanted.flatMap((unit) => {
    const [, before = '', instance] = /^(.+?)(?:@(.+))?\.service$/.exec(unit) ?? [];
    const file = instance === undefined ? unit : `${before}@.service`;
    const text = UNITS.map((path) => read(root, `${path}/${file}`)).findLast((one) => one !== '') ?? '';
    const said = (key: string) =>
      new RegExp(`^${key}=(\\S+)`, 'm').exec(text)?.[1]?.replaceAll('%i', instance ?? '');
    const [user, terminal] = [said('User'), said('TTYPath')];
    if (said('PAMName') === undefined || user === undefined || terminal === undefined) return [];
    return [[user, terminal.replace(/^\/dev\//, '')]];
  });
}

/**
 * What sudo allows an account, in words: rules that end in ALL, for it or for one of its groups (sudoers(5)).
 */
function sudoersOf(root: string): (account: Account) => string[] {
  if (findProgram(root, ['sudo']) === undefined) return () => [];
  const dropIns = names(root, '/etc/sudoers.d').filter((file) => !/[.~]/.test(file));
  const text = ['/etc/sudoers', ...dropIns.map((file) => `/etc/sudoers.d/${file}`)].map((path) =>
    read(root, path),
  );
  const rules = [
    ...text.join('\n').matchAll(/^\s*(%?[\w.-]+)\s+\S+\s*=\s*(?:\([^)]*\)\s*)?(.*:)?\s*ALL\s*$/gm),
  ];
  const groups = fieldsOf(read(root, '/etc/group'));
  return ({ name, gid }) => {
    const own = groups.filter(([, , id, members = '']) => id === gid || members.split(',').includes(name));
    const whom = new Set([name, 'ALL', ...own.map(([group = '']) => `%${group}`)]);
    const last = rules.findLast(([, who = '']) => whom.has(who));
    if (last === undefined) return [];
    return [last[2]?.includes('NOPASSWD:') === true ? 'can sudo without a password' : 'can sudo'];
  };
}
