/** Users and groups of a tree, read from passwd(5) and group(5). */
import { existsSync, readFileSync } from 'node:fs';
import { resolveInTree, type TreeOwner } from '../sys/tree-files.js';

export interface Ids {
  readonly users: ReadonlyMap<string, number>;
  readonly groups: ReadonlyMap<string, number>;
  /** Of each user: the home, and the number of the primary group. */
  readonly homes: ReadonlyMap<string, string>;
  readonly primary: ReadonlyMap<string, number>;
}

export function readIds(root: string): Ids {
  const lines = (path: string): string[][] =>
    readFileSync(resolveInTree(root, path), 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .filter((fields) => fields.length > 3);
  const passwd = lines('/etc/passwd');
  return {
    users: new Map(passwd.map((fields) => [fields[0] as string, Number(fields[2])])),
    primary: new Map(passwd.map((fields) => [fields[0] as string, Number(fields[3])])),
    homes: new Map(passwd.map((fields) => [fields[0] as string, fields[5] as string])),
    groups: new Map(lines('/etc/group').map((fields) => [fields[0] as string, Number(fields[2])])),
  };
}

/**
 * The numeric IDs of user or user:group, given as names or numbers; `undefined`: one does not exist. Without
 * a group, the user's.
 */
export function ownerIn(ids: Ids, owner: string): TreeOwner | undefined {
  const [user = '', group] = owner.split(':');
  const uid = /^\d+$/.test(user) ? Number(user) : ids.users.get(user);
  const named =
    group === undefined
      ? (ids.primary.get(user) ?? uid)
      : /^\d+$/.test(group)
        ? Number(group)
        : ids.groups.get(group);
  return uid === undefined || named === undefined ? undefined : { uid, gid: named };
}

/** Whether a path exists, symlinks resolved inside the tree. */
export function existsInTree(root: string, path: string): boolean {
  return existsSync(resolveInTree(root, path, true));
}
