/**
 * Numbers of accounts from one build to the next: an account gets the one that it had, whatever the order of
 * packages. Pure.
 */
import { type Kind, numbersNear } from './accounts.js';
import { placeRanges } from './ranges.js';

type Numbers = Readonly<Record<string, number>>;

/** The accounts of a build: numbers by name, and the lines of subuid(5) and subgid(5) by name. */
export interface AccountNumbers {
  readonly users: Numbers;
  readonly groups: Numbers;
  readonly subuid: Readonly<Record<string, string>>;
  readonly subgid: Readonly<Record<string, string>>;
}

/** The files of a tree that have them, `undefined` where there is none. */
export interface AccountTexts {
  readonly passwd: string | undefined;
  readonly group: string | undefined;
  readonly subuid: string | undefined;
  readonly subgid: string | undefined;
}

/** An account that cannot keep its number, since another one has to have it. */
export interface Displaced {
  readonly kind: Kind;
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly by: string;
}

/** What a tree's accounts have to become. */
export interface KeptNumbers {
  readonly texts: AccountTexts;
  /** By number in the tree: owners that change. */
  readonly moves: Readonly<Record<Kind, ReadonlyMap<number, number>>>;
  readonly displaced: readonly Displaced[];
}

const KINDS: readonly Kind[] = ['users', 'groups'];
const NUMBER = 2;
const PRIMARY_GROUP = 3;

/** Numbers that Debian assigns once for all machines (Debian Policy 9.2.2; base-passwd's group `users`). */
function isAssigned(kind: Kind, number: number): boolean {
  return number < 100 || number >= 60_000 || (kind === 'groups' && number === 100);
}

/** The numbers of these files. */
export function numbersIn(texts: AccountTexts): AccountNumbers {
  const numbers = (text: string | undefined): Numbers => {
    const found = new Map<string, number>();
    for (const { name, number } of accountsIn(text)) if (!found.has(name)) found.set(name, number);
    return Object.fromEntries(found);
  };
  return {
    users: numbers(texts.passwd),
    groups: numbers(texts.group),
    subuid: Object.fromEntries(rangesIn(texts.subuid)),
    subgid: Object.fromEntries(rangesIn(texts.subgid)),
  };
}

/**
 * What the next build keeps: numbers of accounts that this one lacks, too, so that they are free when the
 * account comes back, unless somebody has them now.
 */
export function numbersToKeep(last: AccountNumbers, now: AccountNumbers): AccountNumbers {
  const join = (before: Numbers, after: Numbers): Numbers => {
    const taken = new Set(Object.values(after));
    const gone = Object.entries(before).filter(([, number]) => !taken.has(number));
    return { ...Object.fromEntries(gone), ...after };
  };
  return {
    users: join(last.users, now.users),
    groups: join(last.groups, now.groups),
    subuid: { ...last.subuid, ...now.subuid },
    subgid: { ...last.subgid, ...now.subgid },
  };
}

/**
 * Gives the accounts of a tree the numbers that they had in the last build. `fixed`: those that definition
 * and packages ask for by number, which never change; who else has one of them gets another.
 */
export function keepNumbers(
  texts: AccountTexts,
  last: AccountNumbers,
  fixed: Readonly<Record<Kind, Numbers>>,
): KeptNumbers {
  const now = { users: accountsIn(texts.passwd), groups: accountsIn(texts.group) };
  const given = new Giving(now, last, fixed).all();
  const moves = { users: movesOf(now.users, given.users), groups: movesOf(now.groups, given.groups) };
  const ranges = (text: string | undefined, before: Readonly<Record<string, string>>) =>
    text === undefined ? undefined : withRanges(text, before);
  const displaced = KINDS.flatMap((kind) =>
    Object.entries(last[kind]).flatMap(([name, from]): Displaced[] => {
      const to = given[kind].get(name);
      const [by] = [...given[kind]].find(([other, number]) => number === from && other !== name) ?? [];
      return to === undefined || to === from || by === undefined ? [] : [{ kind, name, from, to, by }];
    }),
  );
  return {
    texts: {
      passwd: renumbered(renumbered(texts.passwd, NUMBER, moves.users), PRIMARY_GROUP, moves.groups),
      group: renumbered(texts.group, NUMBER, moves.groups),
      subuid: ranges(texts.subuid, last.subuid),
      subgid: ranges(texts.subgid, last.subgid),
    },
    moves,
    displaced,
  };
}

interface Account {
  readonly name: string;
  readonly number: number;
}

/** One build's numbers, by kind and name. */
class Giving {
  private readonly given: Record<Kind, Map<string, number>> = { users: new Map(), groups: new Map() };
  /** Names that have got a number, had it in the last build, or must have it. */
  private readonly names: Record<Kind, Map<number, Set<string>>> = { users: new Map(), groups: new Map() };

  constructor(
    private readonly now: Readonly<Record<Kind, readonly Account[]>>,
    private readonly last: AccountNumbers,
    private readonly fixed: Readonly<Record<Kind, Numbers>>,
  ) {}

  all(): Record<Kind, ReadonlyMap<string, number>> {
    for (const kind of KINDS) {
      for (const all of [this.last[kind], this.fixed[kind]])
        for (const [name, number] of Object.entries(all)) this.note(kind, number, name);
    }
    for (const kind of KINDS) this.keep(kind);
    const names = new Set(KINDS.flatMap((kind) => this.now[kind].map(({ name }) => name)));
    for (const name of names) this.add(name, 'own');
    for (const name of names) this.add(name, 'other');
    return this.given;
  }

  /** Accounts with a number that stays, and those that had one. */
  private keep(kind: Kind): void {
    const given = this.given[kind];
    const times = new Map<number, number>();
    for (const { number } of this.now[kind]) times.set(number, (times.get(number) ?? 0) + 1);
    const stays = this.now[kind].filter(
      // Of several names of one number, the files say no more whose they are.
      ({ name, number }) =>
        isAssigned(kind, number) || this.fixed[kind][name] === number || (times.get(number) ?? 0) > 1,
    );
    for (const { name, number } of stays) this.set(kind, name, number);
    const taken = new Map(Object.entries(this.fixed[kind]).map(([name, number]) => [number, name]));
    for (const [name, number] of given) taken.set(number, name);
    for (const { name } of this.now[kind]) {
      const before = this.last[kind][name];
      if (given.has(name) || before === undefined || (taken.get(before) ?? name) !== name) continue;
      this.set(kind, name, before);
      taken.set(before, name);
    }
  }

  /** An account without a number that it had: its own, if nobody had or has it, or the next free one. */
  private add(name: string, which: 'own' | 'other'): void {
    const numbers = KINDS.flatMap((kind) => {
      const account = this.given[kind].has(name)
        ? undefined
        : this.now[kind].find((one) => one.name === name);
      return account === undefined ? [] : [[kind, account.number] as const];
    });
    const [first, second] = numbers;
    // A user and the group of the same name and number stay together.
    if (first !== undefined && first[1] === second?.[1]) this.give(KINDS, name, first[1], which);
    else for (const [kind, number] of numbers) this.give([kind], name, number, which);
  }

  private give(kinds: readonly Kind[], name: string, number: number, which: 'own' | 'other'): void {
    const isFree = (one: number): boolean =>
      kinds.every((kind) => [...(this.names[kind].get(one) ?? [])].every((other) => other === name));
    const free = isFree(number) ? number : firstOf(which === 'own' ? [] : numbersNear(number), isFree);
    if (free !== undefined) for (const kind of kinds) this.set(kind, name, free);
    else if (which === 'other') throw new Error(`no number in the range of ${number} is free`);
  }

  private set(kind: Kind, name: string, number: number): void {
    this.note(kind, number, name);
    this.given[kind].set(name, number);
  }

  private note(kind: Kind, number: number, name: string): void {
    const known = this.names[kind].get(number);
    if (known === undefined) this.names[kind].set(number, new Set([name]));
    else known.add(name);
  }
}

function firstOf(numbers: Iterable<number>, wanted: (number: number) => boolean): number | undefined {
  for (const number of numbers) if (wanted(number)) return number;
  return undefined;
}

function movesOf(now: readonly Account[], given: ReadonlyMap<string, number>): Map<number, number> {
  const moves = new Map<number, number>();
  for (const { name, number } of now) {
    const to = given.get(name) ?? number;
    if (to !== number) moves.set(number, to);
  }
  return moves;
}

/** Accounts in lines of passwd(5) or group(5); others, as NIS's, have no number of their own. */
function accountsIn(text = ''): Account[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , number = ''] = line.split(':');
    return /^\w/.test(name) && /^\d{1,10}$/.test(number) ? [{ name, number: Number(number) }] : [];
  });
}

function renumbered(text: string | undefined, field: number, moves: ReadonlyMap<number, number>) {
  if (text === undefined || moves.size === 0) return text;
  const lines = text.split('\n').map((line) => {
    const fields = line.split(':');
    const to = /^\d{1,10}$/.test(fields[field] ?? '') ? moves.get(Number(fields[field])) : undefined;
    return to === undefined ? line : fields.with(field, String(to)).join(':');
  });
  return lines.join('\n');
}

/** Lines by name. */
function rangesIn(text = ''): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split('\n')) {
    const name = line.split(':')[0] as string;
    if (name !== '') found.set(name, found.has(name) ? `${found.get(name)}\n${line}` : line);
  }
  return found;
}

function withRanges(text: string, before: Readonly<Record<string, string>>): string {
  const made = rangesIn(text);
  const placed = placeRanges(new Map(Object.entries(before)), made);
  if ([...made].every(([name, lines]) => placed.get(name) === lines)) return text;
  return [...made.keys()].map((name) => `${placed.get(name)}\n`).join('');
}
