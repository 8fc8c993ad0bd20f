/**
 * The subordinate ids of a user (subuid(5), subgid(5)): which a plain user's namespace maps besides the user.
 */
import { readFileSync } from 'node:fs';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { shellQuote } from './command.js';
import { run } from './run.js';
import type { IdMapping, IdMaps } from './user-namespace.js';

/** A range of subordinate ids. */
export interface IdRange {
  readonly start: number;
  readonly count: number;
}

/** The last id that a Debian tree is certain to name: nobody and nogroup (Debian Policy 9.2.2). */
export const NOBODY_ID = 65534;

/** Ids that a tree needs besides root's. */
const NEEDED = NOBODY_ID;
/** Ids that useradd gives each user (login.defs(5), SUB_UID_COUNT), and where it begins (SUB_UID_MIN). */
const USUAL = { count: 65536, min: 100_000 };

/**
 * Reads the output of getsubids(1): `0: builder 100000 65536`. A range that is listed twice, once by name and
 * once by number, counts once.
 */
export function parseSubIds(output: string): IdRange[] {
  const found = [...output.matchAll(/^\d+: .*? (\d+) (\d+)$/gm)].map(([, start, count]) => ({
    start: Number(start),
    count: Number(count),
  }));
  return found.filter(
    ({ start, count }, i) => count > 0 && found.findIndex((other) => other.start === start) === i,
  );
}

/** The map of a namespace in which `own` is root, and the ranges follow it. */
export function mapOf(own: number, ranges: readonly IdRange[]): IdMapping[] {
  const map: IdMapping[] = [{ inside: 0, outside: own, count: 1 }];
  let inside = 1;
  for (const { start, count } of ranges) {
    map.push({ inside, outside: start, count });
    inside += count;
  }
  return map;
}

/** The maps for this process's user; fails if there is no range, or too small a one. */
export async function ownMaps(signal: AbortSignal): Promise<Result<IdMaps>> {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  const user = await userName(uid, signal);
  if (!user.ok) return user;
  const users = await rangesOf(user.value, [], signal);
  if (!users.ok) return users;
  const groups = await rangesOf(user.value, ['-g'], signal);
  if (!groups.ok) return groups;
  const wrong = refusal(user.value, users.value, groups.value);
  if (wrong !== undefined) return err(wrong);
  return ok({ users: mapOf(uid, users.value), groups: mapOf(gid, groups.value) });
}

async function userName(uid: number, signal: AbortSignal): Promise<Result<string>> {
  const asked = await run({ file: 'id', args: ['--user', '--name'] }, { signal });
  // Someone without a name has none in subuid(5) either: newuidmap(1) wants one.
  if (!asked.ok) return err({ ...NO_RANGE, where: `uid ${uid}`, why: 'this user has no name in passwd(5)' });
  return ok(asked.value.stdout.trim());
}

const NO_RANGE = {
  code: 'no-subordinate-ids',
  what: 'cannot build without root: there are no subordinate ids',
} as const;

async function rangesOf(
  user: string,
  options: readonly string[],
  signal: AbortSignal,
): Promise<Result<IdRange[]>> {
  // It fails for a user who has none, like for one that it cannot look up.
  const asked = await run({ file: 'getsubids', args: [...options, user] }, { signal });
  if (asked.ok) return ok(parseSubIds(asked.value.stdout));
  return asked.problem.code === 'program-missing' ? asked : ok([]);
}

/** What is wrong with a user's ranges; `undefined`: nothing. */
export function refusal(
  user: string,
  users: readonly IdRange[],
  groups: readonly IdRange[],
  taken: readonly string[] = takenRanges(),
): Problem | undefined {
  const sum = (ranges: readonly IdRange[]): number => ranges.reduce((all, { count }) => all + count, 0);
  const [uids, gids] = [sum(users), sum(groups)];
  if (uids >= NEEDED && gids >= NEEDED) return undefined;
  const free = freeRange(taken);
  const add = [
    ...(uids < NEEDED ? [`--add-subuids ${free}`] : []),
    ...(gids < NEEDED ? [`--add-subgids ${free}`] : []),
  ].join(' ');
  const next = `give the user a range: sudo usermod ${add} ${shellQuote(user)}`;
  const file = uids < NEEDED ? '/etc/subuid' : '/etc/subgid';
  if (uids === 0 || gids === 0)
    return { ...NO_RANGE, where: `${file}: ${user}`, why: 'files of a machine have many owners', next };
  const few = Math.min(uids, gids);
  return {
    code: 'too-few-subordinate-ids',
    what: 'cannot build without root: there are too few subordinate ids',
    where: `${file}: ${user}`,
    why: `it has ${few}, so ids end at ${few}: ${NOBODY_ID} (nobody, nogroup) is beyond them`,
    next,
  };
}

function takenRanges(): string[] {
  return ['/etc/subuid', '/etc/subgid'].flatMap((file) => {
    try {
      return readFileSync(file, 'utf8').split('\n');
    } catch {
      return [];
    }
  });
}

/** A range that nobody has, as usermod(8) takes it: behind all others. */
function freeRange(lines: readonly string[]): string {
  const ends = lines.map((line) => {
    const [, start = '', count = ''] = line.split(':');
    return Number(start) + Number(count);
  });
  const start = Math.max(USUAL.min, ...ends.filter(Number.isFinite));
  return `${start}-${start + USUAL.count - 1}`;
}
