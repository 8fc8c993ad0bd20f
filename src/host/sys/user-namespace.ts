/**
 * The user namespace of this process (user_namespaces(7)): whether it has one besides the host's, and which
 * ids exist there. The only place that decides this.
 */
import { readFileSync, readlinkSync } from 'node:fs';

/**
 * A line of /proc/PID/uid_map: `count` ids that begin with `inside` are those of the parent that begin with
 * `outside`.
 */
export interface IdMapping {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** Reads the text of /proc/PID/uid_map or gid_map. */
export function parseIdMap(text: string): IdMapping[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => {
    const [inside = 0, outside = 0, count = 0] = line.trim().split(/\s+/).map(Number);
    return { inside, outside, count };
  });
}

/** Whether an id map is that of another namespace than the first one, which maps all ids to themselves. */
export function hasOwnUsers(map: readonly IdMapping[]): boolean {
  const [first] = map;
  return !(first?.inside === 0 && first.outside === 0 && first.count === 2 ** 32 - 1);
}

/** How many ids there are, counted from 0 to the first gap. */
export function idsFromZero(map: readonly IdMapping[]): number {
  let next = 0;
  for (const { inside, count } of [...map].sort((a, b) => a.inside - b.inside)) {
    if (inside > next) break;
    next = Math.max(next, inside + count);
  }
  return next;
}

function readMap(kind: 'uid' | 'gid', proc: string): IdMapping[] | undefined {
  try {
    return parseIdMap(readFileSync(`${proc}/${kind}_map`, 'latin1'));
  } catch (cause) {
    // A kernel without user namespaces has no such file.
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cause;
  }
}

/**
 * Whether this process lives in a user namespace: one that mkma entered for a plain user, or a container's.
 * There mknod(2) of devices is refused whatever the capabilities, and files of ids without a mapping belong
 * to nobody.
 */
export function inUserNamespace(proc = '/proc/self'): boolean {
  const map = readMap('uid', proc);
  return map !== undefined && hasOwnUsers(map);
}

/** Variable with the user namespace in which mkma was started, for the mkma that runs in one of its own. */
export const OUTER_USERS = 'MKMA_OUTER_USERS';
/** The user namespace of this process. */
export const PRESENT_USERS = '/proc/self/ns/user';

/**
 * Whether this mkma runs in a user namespace that mkma entered for a plain user (own-users.ts). Programs it
 * starts must not know: the mark is removed from the environment.
 */
export function hasOwnUserNamespace(env: Record<string, string | undefined>): boolean {
  const outer = env[OUTER_USERS];
  delete env[OUTER_USERS];
  return outer !== undefined && outer !== readlinkSync(PRESENT_USERS) && inUserNamespace();
}

/** Which ids on disk the owners of files are, by kind of id. */
export type IdMaps = Readonly<Record<'users' | 'groups', readonly IdMapping[]>>;

/** Those of this process; `undefined` where ids are the same on disk. */
export function presentMaps(proc = '/proc/self'): IdMaps | undefined {
  if (!inUserNamespace(proc)) return undefined;
  return { users: joined(readMap('uid', proc) ?? []), groups: joined(readMap('gid', proc) ?? []) };
}

/** With neighbours of which one continues the other as one. */
export function joined(map: readonly IdMapping[]): IdMapping[] {
  const all: IdMapping[] = [];
  for (const one of [...map].sort((a, b) => a.inside - b.inside)) {
    const last = all.at(-1);
    const continues =
      last !== undefined &&
      last.inside + last.count === one.inside &&
      last.outside + last.count === one.outside;
    if (continues) all[all.length - 1] = { ...last, count: last.count + one.count };
    else all.push(one);
  }
  return all;
}

/** Whether all ids of `then` are still the same on disk `now`. */
export function keepsIds(now: IdMaps, then: IdMaps): boolean {
  const contains = (one: IdMapping, other: IdMapping): boolean =>
    one.outside - one.inside === other.outside - other.inside &&
    one.inside <= other.inside &&
    other.inside + other.count <= one.inside + one.count;
  const kept = (kind: keyof IdMaps): boolean =>
    then[kind].every((other) => now[kind].some((one) => contains(one, other)));
  return kept('users') && kept('groups');
}

/** How many user ids and group ids, whichever are fewer, this process may give files to, counted from 0. */
export function usableIds(proc = '/proc/self'): number {
  const maps = [readMap('uid', proc), readMap('gid', proc)];
  return Math.min(...maps.map((map) => (map === undefined ? 2 ** 32 - 1 : idsFromZero(map))));
}

/** What a program's failure may be due to here, as the end of a remedy; empty where nothing is refused. */
export function limitsHint(output: string): string {
  if (!/Operation not permitted|Invalid argument|must be superuser|EPERM|EINVAL/.test(output)) return '';
  if (!inUserNamespace()) return '';
  return `; this build runs without root: it cannot make device nodes or mount disks, and ids end at ${usableIds() - 1}; sudo mkma build can`;
}
