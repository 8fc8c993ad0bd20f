/**
 * Numbers and order of the accounts that packages make, from their names alone: not from the order in which
 * packages were installed. Pure.
 */
import type { Kind } from './accounts.js';
import type { AccountNumbers, AccountTexts } from './kept-numbers.js';

/** Numbers of system accounts that packages ask for without naming one (Debian Policy 9.2.2), but `users`. */
const FIRST = 101;
const LAST = 999;
const COUNT = LAST - FIRST + 1;

/** FNV-1a of 32 bits (Fowler, Noll, Vo; draft-eastlake-fnv): spreads names over the range. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const ch of name) hash = Math.imul(hash ^ (ch.codePointAt(0) ?? 0), 0x01000193);
  return hash >>> 0;
}

interface Line {
  readonly name: string;
  readonly number: number;
}

/** Lines with a name and a number of passwd(5) or group(5). */
function linesOf(text = ''): Line[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , number = ''] = line.split(':');
    return /^\w/.test(name) && /^\d{1,10}$/.test(number) ? [{ name, number: Number(number) }] : [];
  });
}

/** Users may have 100 as well: adduser(8) begins there; the group of that number is Debian's `users`. */
function isGiven(number: number, kind: Kind): boolean {
  return number >= (kind === 'users' ? FIRST - 1 : FIRST) && number <= LAST;
}

/**
 * A number for each name in the range of such accounts; a user and its group have the same. With few accounts
 * it does not depend on which others there are. `fixed`: numbers that are asked for by number.
 */
export function numbersByName(
  { passwd, group }: AccountTexts,
  fixed: Readonly<Record<Kind, Readonly<Record<string, number>>>>,
): Pick<AccountNumbers, 'users' | 'groups'> {
  const all = { users: linesOf(passwd), groups: linesOf(group) };
  const names = {
    users: namesOf(all.users, fixed.users, 'users'),
    groups: namesOf(all.groups, fixed.groups, 'groups'),
  };
  const taken = new Set([...Object.values(fixed.users), ...Object.values(fixed.groups)]);
  const numbers = new Map<string, number>();
  for (const name of [...new Set([...names.users, ...names.groups])].sort()) {
    let at = hashOf(name) % COUNT;
    while (taken.has(FIRST + at)) at = (at + 1) % COUNT;
    taken.add(FIRST + at);
    numbers.set(name, FIRST + at);
  }
  const given = (of: readonly string[]) =>
    Object.fromEntries(of.map((name) => [name, numbers.get(name) as number]));
  return { users: given(names.users), groups: given(names.groups) };
}

function namesOf(lines: readonly Line[], fixed: Readonly<Record<string, number>>, kind: Kind): string[] {
  return lines
    .filter(({ name, number }) => isGiven(number, kind) && !(name in fixed))
    .map(({ name }) => name);
}

/** The account files, with lines in the order of {@link inOrder}. */
export interface AccountFiles {
  readonly passwd: string;
  readonly group: string;
  readonly shadow?: string | undefined;
  readonly gshadow?: string | undefined;
}

/**
 * Debian's own accounts by number, then those of packages by name; members of groups by name. shadow(5) and
 * gshadow(5) follow passwd(5) and group(5).
 */
export function inOrder({ passwd, group, shadow, gshadow }: AccountFiles): AccountFiles {
  const users = orderOf(passwd, 'users');
  const groups = orderOf(group, 'groups');
  const sorted = (
    text: string | undefined,
    order: ReadonlyMap<string, number>,
    members?: readonly number[],
  ) => (text === undefined ? undefined : sortLines(text, order, members));
  return {
    passwd: sortLines(passwd, users),
    group: sortLines(group, groups, [3]),
    shadow: sorted(shadow, users),
    gshadow: gshadow === undefined ? undefined : sortLines(withGroups(gshadow, group), groups, [2, 3]),
  };
}

/**
 * gshadow(5) with a line for each group that a package made, all without a password. A package that forgets
 * one gets it from the next that has all of them checked (grpconv(8)), which one depends on their order.
 */
function withGroups(gshadow: string, group: string): string {
  const lines = new Map(gshadow.split('\n').map((line) => [line.split(':', 1)[0] ?? '', line]));
  for (const line of group.split('\n')) {
    const [name = '', , number = '', members = ''] = line.split(':');
    if (!/^\w/.test(name) || !isGiven(Number(number), 'groups')) continue;
    const [, password = '!', administrators = '', own = members] = lines.get(name)?.split(':') ?? [];
    const none = ['x', '*', '!', ''].includes(password) ? '!' : password;
    lines.set(name, [name, none, administrators, own].join(':'));
  }
  return [...lines.values()].map((line) => (line === '' ? '' : `${line}\n`)).join('');
}

function orderOf(text: string, kind: Kind): Map<string, number> {
  const lines = linesOf(text);
  const own = lines.filter(({ number }) => !isGiven(number, kind)).sort((a, b) => a.number - b.number);
  const given = lines
    .filter(({ number }) => isGiven(number, kind))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return new Map([...own, ...given].map(({ name }, i) => [name, i]));
}

function sortLines(
  text: string,
  order: ReadonlyMap<string, number>,
  members: readonly number[] = [],
): string {
  const lines = text.split('\n').filter((line) => line !== '');
  const place = (line: string): number => order.get(line.split(':', 1)[0] ?? '') ?? order.size;
  const sorted = lines.map((line) => sortFields(line, members)).sort((a, b) => place(a) - place(b));
  return sorted.map((line) => `${line}\n`).join('');
}

function sortFields(line: string, members: readonly number[]): string {
  const fields = line.split(':');
  for (const i of members) if (fields[i] !== undefined) fields[i] = fields[i].split(',').sort().join(',');
  return fields.join(':');
}
