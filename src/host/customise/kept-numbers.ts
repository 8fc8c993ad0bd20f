/** Gives the accounts of a tree the numbers that they had in the last build, and their files with them. */
import { chmodSync, existsSync, lchownSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withAclIds } from '../../core/archive/acl.js';
import { type FileAttributes, RESTORE_ARGUMENTS, renderAttributes } from '../../core/archive/attributes.js';
import type { TreeEntry } from '../../core/archive/tree.js';
import type { Kind } from '../../core/records/accounts.js';
import {
  type AccountNumbers,
  type AccountTexts,
  type Displaced,
  type KeptNumbers,
  keepNumbers,
  numbersIn,
} from '../../core/records/kept-numbers.js';
import { ok, type Result } from '../../core/result.js';
import type { MachineConfig } from '../definition/machine.js';
import { scanAttributes } from '../pack/attributes.js';
import { pathIn, scanTree } from '../pack/scan.js';
import { run } from '../sys/run.js';
import { findInTree, type TreeFiles } from '../sys/tree-files.js';

const FILES = ['passwd', 'group', 'subuid', 'subgid'] as const;

/** The numbers of a tree's accounts; `undefined` if it has none. */
export function treeNumbers(root: string): AccountNumbers | undefined {
  const texts = accountTexts(root);
  return texts.passwd === undefined ? undefined : numbersIn(texts);
}

/** The files of a tree with the numbers of its accounts. */
export function accountTexts(root: string): AccountTexts {
  const read = (name: string): string | undefined => {
    const path = findInTree(root, `/etc/${name}`, true);
    return path !== undefined && existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  };
  return { passwd: read('passwd'), group: read('group'), subuid: read('subuid'), subgid: read('subgid') };
}

/**
 * Renumbers the tree at `root`; files are looked at only if an account has not its number. Returns who could
 * not keep it.
 */
export async function keepTreeNumbers(
  root: string,
  files: TreeFiles,
  machine: Pick<MachineConfig, 'users'>,
  last: AccountNumbers,
  signal: AbortSignal,
): Promise<Result<readonly Displaced[]>> {
  const before = accountTexts(root);
  const { texts, moves, displaced } = keepNumbers(before, last, fixedNumbers(root, machine.users));
  if (moves.users.size + moves.groups.size > 0) {
    const moved = await moveOwners(root, moves, signal);
    if (!moved.ok) return moved;
  }
  for (const name of FILES) {
    const text = texts[name];
    if (text !== undefined && text !== before[name]) files.edit(`/etc/${name}`, () => text);
  }
  return ok(displaced);
}

/** Numbers that the definition's users and files of sysusers.d(5) name. */
export function fixedNumbers(
  root: string,
  defined: MachineConfig['users'],
): Record<Kind, Record<string, number>> {
  const users: Record<string, number> = {};
  const groups: Record<string, number> = {};
  for (const line of sysusersLines(root)) {
    const match = /^([ug])!?\s+(\S+)\s+(?:(\d+)(?::(\d+))?)(?:\s|$)/.exec(line);
    if (match === null) continue;
    const [, type, name = '', number, group] = match;
    if (type === 'u') users[name] = Number(number);
    // A user's number is its group's as well, unless the line names another group's (sysusers.d(5)).
    if (type === 'g' || group === undefined) groups[name] = Number(number);
  }
  for (const [name, { uid }] of Object.entries(defined)) {
    if (uid === undefined) continue;
    users[name] = uid;
    // useradd(8) gives a new group of the user's own the same number.
    groups[name] = uid;
  }
  return { users, groups };
}

function sysusersLines(root: string): string[] {
  return ['/usr/lib/sysusers.d', '/etc/sysusers.d'].flatMap((path) => {
    const folder = findInTree(root, path, true);
    if (folder === undefined || !existsSync(folder)) return [];
    const names = readdirSync(folder).filter((name) => name.endsWith('.conf'));
    return names.sort().flatMap((name) => {
      const file = findInTree(root, join(path, name), true);
      return file !== undefined && existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
    });
  });
}

/**
 * Changes the owners of files and the numbers in their ACLs. What the kernel clears for a new owner is set
 * again: set-user-ID bits and capabilities (chown(2)).
 */
async function moveOwners(
  root: string,
  { users, groups }: KeptNumbers['moves'],
  signal: AbortSignal,
): Promise<Result<void>> {
  const [tree, attributes] = await Promise.all([scanTree(root, signal), scanAttributes(root, signal)]);
  if (!tree.ok) return tree;
  if (!attributes.ok) return attributes;
  const moving = tree.value.entries.filter(({ uid, gid }) => users.has(uid) || groups.has(gid));
  for (const entry of moving) moveOwner(root, entry, users, groups);
  const names = new Set(moving.map(({ path }) => path));
  const changed = attributes.value.flatMap(({ path, values }): FileAttributes[] => {
    const others = withAclIds(values, users, groups);
    const lost = names.has(path) && values['security.capability'] !== undefined;
    return others !== values || lost ? [{ path, values: others }] : [];
  });
  if (changed.length === 0) return ok();
  const input = renderAttributes(changed);
  const command = { file: 'setfattr', args: [...RESTORE_ARGUMENTS], cwd: root, env: { LC_ALL: 'C' }, input };
  const set = await run(command, { signal });
  return set.ok ? ok() : set;
}

function moveOwner(
  root: string,
  { path, type, mode, uid, gid }: TreeEntry,
  users: ReadonlyMap<number, number>,
  groups: ReadonlyMap<number, number>,
): void {
  const real = path === '.' ? root : pathIn(root, path);
  lchownSync(real, users.get(uid) ?? uid, groups.get(gid) ?? gid);
  if (type === 'f' && (mode & 0o6000) !== 0) chmodSync(real, mode);
}
