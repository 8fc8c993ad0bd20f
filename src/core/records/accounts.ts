/**
 * Numbers of accounts, where a layer is applied to others than it was made on. The account below keeps its
 * number; one of the layer whose number is taken gets the next free one of its range.
 */
import type { Entries } from './database.js';
import type { Names } from './records.js';

export type Kind = 'users' | 'groups';

/** Where numbers of a layer's files belong: number in the layer to number here, as far as they differ. */
export type Moves = ReadonlyMap<number, number>;

/** Fields of passwd(5) and group(5), counted from 0. */
const NUMBER = 2;
const PRIMARY_GROUP = 3;

/** First and last number of each range: fixed ones, packages', people's, and the rest (adduser.conf(5)). */
const RANGES = [
  [0, 99],
  [100, 999],
  [1000, 59_999],
  [60_000, 65_533],
] as const;

/**
 * Numbers for files of accounts that do not exist: nothing assigns them to anybody (systemd.io/UIDS-GIDS,
 * "unused"; Debian Policy 9.2.2 has 60000 to 64999 for packages of its own, one by one).
 */
const NOBODYS = [60_706, 61_183] as const;

/** Whether a number is one of those. */
export function isNobodys(number: number): boolean {
  return number >= NOBODYS[0] && number <= NOBODYS[1];
}

/** The number of an account; `undefined` if the line has none. */
function numberOf(record: string): number | undefined {
  const text = record.split('\n')[0]?.split(':')[NUMBER] ?? '';
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}

function withField(record: string, field: number, value: number): string {
  return record
    .split('\n')
    .map((line) => line.split(':').with(field, String(value)).join(':'))
    .join('\n');
}

/** Numbers by name. */
export function numbersByName(entries: Entries): Map<string, number> {
  const numbers = new Map<string, number>();
  for (const [name, record] of entries) {
    const number = numberOf(record);
    if (number !== undefined) numbers.set(name, number);
  }
  return numbers;
}

/** Names by number; the first of several counts, as in getpwuid(3). */
export function namesByNumber(entries: Entries): Map<number, string> {
  const names = new Map<number, string>();
  for (const [name, number] of numbersByName(entries)) if (!names.has(number)) names.set(number, name);
  return names;
}

/** The other numbers of a number's range: those after it, then those before it, the highest first. */
export function* numbersNear(number: number): Generator<number> {
  const [first, last] = RANGES.find(([from, to]) => number >= from && number <= to) ?? [number, 2 ** 32 - 2];
  for (let one = number + 1; one <= last; one++) yield one;
  for (let one = number - 1; one >= first; one--) yield one;
}

/** Gives out numbers that no account has, below or in any layer, but the one that gets it. */
export class FreeNumbers {
  /** Names that have a number somewhere; the empty one stands for files without a name. */
  private readonly names = new Map<number, Set<string>>();
  /** Numbers that a name has somewhere, those noted last at the end. */
  private readonly numbers = new Map<string, number[]>();

  /** Notes that a name has this number. */
  note(number: number, name: string): void {
    this.names.set(number, (this.names.get(number) ?? new Set()).add(name));
    this.numbers.set(name, [...(this.numbers.get(name) ?? []), number]);
  }

  /**
   * One that the name has in a layer, the highest first, so that it stays the same from boot to boot; or the
   * next free one after `number` in its range, or the highest free one before it.
   */
  next(number: number, name: string): number {
    const own = this.numbers.get(name)?.findLast((one) => this.isFree(one, name));
    if (name !== '' && own !== undefined) return own;
    for (const one of numbersNear(number)) if (this.take(one, name)) return one;
    throw new Error(`no number in the range of ${number} is free`);
  }

  /**
   * One that no account gets, now or later, for files of an account that does not exist; `undefined` if none
   * is left. `number` itself if it is one.
   */
  nobodys(number: number): number | undefined {
    const [first, last] = NOBODYS;
    if (isNobodys(number)) return number;
    for (let one = first; one <= last; one++) if (this.take(one, '')) return one;
    return undefined;
  }

  /** Whether an account has this number, below or in a layer. */
  isNamed(number: number): boolean {
    return [...(this.names.get(number) ?? [])].some((one) => one !== '');
  }

  private isFree(number: number, name: string): boolean {
    return [...(this.names.get(number) ?? [])].every((one) => one === name);
  }

  private take(number: number, name: string): boolean {
    if (this.names.has(number)) return false;
    this.note(number, name);
    return true;
  }
}

/** One of the two files with accounts, as a layer makes it. */
export interface AccountFile {
  readonly below: Entries;
  /** With the layer's records, which still have the layer's numbers. */
  readonly made: Entries;
}

/** The accounts with the numbers that they have here. */
export interface Numbered {
  readonly users: Map<string, string>;
  readonly groups: Map<string, string>;
  /** The number here of each name of the layer's own view, as far as it exists. */
  readonly moves: Readonly<Record<Kind, Map<number, number>>>;
}

/**
 * Gives the accounts their numbers. `names`: those of the layer's view, by its numbers. `free` knows all
 * numbers of the chain.
 */
export function numberAccounts(
  files: Readonly<Record<Kind, AccountFile>>,
  names: Readonly<Record<Kind, Names>>,
  free: FreeNumbers,
): Numbered {
  // A user and the group of the same name and number stay together.
  const given = new Map<string, number>();
  const groups = withNumbers(files.groups, free, given);
  const users = withNumbers(files.users, free, given);
  const moves = { users: movesTo(users, names.users), groups: movesTo(groups, names.groups) };
  return { users, groups, moves };
}

/** The users, those of the layer with the primary groups that they have here. */
export function withPrimaryGroups(users: Entries, below: Entries, groups: Moves): Map<string, string> {
  const result = new Map(users);
  for (const [name, record] of users) {
    const here = groups.get(Number(record.split(':')[PRIMARY_GROUP]));
    if (here !== undefined && below.get(name) !== record)
      result.set(name, withField(record, PRIMARY_GROUP, here));
  }
  return result;
}

function withNumbers(
  { below, made }: AccountFile,
  free: FreeNumbers,
  given: Map<string, number>,
): Map<string, string> {
  const before = numbersByName(below);
  const taken = namesByNumber(below);
  const result = new Map(made);
  for (const [name, record] of made) {
    if (below.get(name) === record) continue;
    const number = numberOf(record);
    if (number === undefined) continue;
    const kept = before.get(name);
    const owner = taken.get(number);
    let here = number;
    if (kept !== undefined) here = kept;
    else if (owner !== undefined && owner !== name && made.has(owner)) {
      const key = `${number} ${name}`;
      here = given.get(key) ?? free.next(number, name);
      given.set(key, here);
    }
    if (here !== number) result.set(name, withField(record, NUMBER, here));
  }
  return result;
}

function movesTo(accounts: Entries, names: Names): Map<number, number> {
  const numbers = numbersByName(accounts);
  const moves = new Map<number, number>();
  for (const [number, name] of Object.entries(names)) {
    const here = numbers.get(name);
    if (here !== undefined) moves.set(Number(number), here);
  }
  return moves;
}
