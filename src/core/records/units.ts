/**
 * What is kept or left as a whole: a package with all that belongs to it, and an account. Of the files with
 * several owners, each has its own records. Pure.
 */
import { sortByName } from '../text/path.js';
import { keysOfPackage } from './belonging.js';
import type { Entries } from './database.js';
import { fieldOf } from './databases.js';
import type { Delta } from './delta.js';
import { isInstalled, STATUS } from './packages.js';
import { NAME_FILES } from './records.js';

export interface Unit {
  readonly kind: 'package' | 'account';
  /** Of a package its key in dpkg's status: the name, with the architecture if it is `Multi-Arch: same`. */
  readonly name: string;
  /** Its version, and what became of it, in words. */
  readonly text: string;
  /** Absolute paths of the files that the package has, and had below. */
  readonly files: ReadonlySet<string>;
  /** By file, the keys of its records. */
  readonly keys: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Contents of a file with several owners. */
export interface Contents {
  readonly below: Entries;
  readonly own: Entries;
  readonly delta: Delta;
}

const ACCOUNT_FILES = ['etc/group', 'etc/gshadow', 'etc/passwd', 'etc/shadow', 'etc/subgid', 'etc/subuid'];
const MARKS = 'var/lib/apt/extended_states';

/** Keys of a delta. */
function keysOf({ set = [], gone = [], lists = {}, fields = {} }: Delta): string[] {
  return [...set, ...gone, ...Object.keys(lists), ...Object.keys(fields)];
}

/** Number of its parts. */
export function deltaSize({ set = [], gone = [], lists = {}, fields = {} }: Delta): number {
  const inLists = Object.values(lists).reduce(
    (sum, { add = [], gone: less = [] }) => sum + add.length + less.length,
    0,
  );
  return set.length + gone.length + inLists + Object.keys(fields).length;
}

/** `listOf`: the files of a package, here or below, as dpkg lists them. */
export function unitsOf(
  contents: ReadonlyMap<string, Contents>,
  listOf: (name: string, where: 'own' | 'below') => readonly string[],
): Unit[] {
  const packages = packageNames(contents).map((name) => packageUnit(contents, name, listOf));
  const accounts = accountNames(contents);
  const units: Unit[] = [];
  const taken = new Map<string, string[]>();
  for (const account of accounts) {
    const owner = isSystem(contents, account) ? ownerOf(account, packages) : undefined;
    if (owner === undefined) units.push(accountUnit(contents, account));
    else taken.set(owner.name, [...(taken.get(owner.name) ?? []), account]);
  }
  const whole = packages.map((unit) => {
    const keys = new Map(unit.keys);
    for (const account of taken.get(unit.name) ?? []) {
      for (const [path, own] of accountUnit(contents, account).keys)
        keys.set(path, union(keys.get(path), own));
    }
    return { ...unit, keys };
  });
  return [...whole, ...units];
}

function union(a: ReadonlySet<string> | undefined, b: ReadonlySet<string>): Set<string> {
  return new Set([...(a ?? []), ...b]);
}

function packageNames(contents: ReadonlyMap<string, Contents>): string[] {
  const status = contents.get(STATUS);
  const names = new Set(status === undefined ? [] : keysOf(status.delta));
  const marks = contents.get(MARKS);
  // A mark alone, as of apt-mark manual.
  for (const key of marks === undefined ? [] : keysOf(marks.delta)) {
    const name = key.split(':')[0] as string;
    if (![...names].some((one) => one === name || one.startsWith(`${name}:`))) names.add(name);
  }
  return sortByName([...names], (name) => name);
}

function packageUnit(
  contents: ReadonlyMap<string, Contents>,
  name: string,
  listOf: (name: string, where: 'own' | 'below') => readonly string[],
): Unit {
  const files = new Set([...listOf(name, 'own'), ...listOf(name, 'below')]);
  const keys = new Map<string, Set<string>>();
  for (const [path, { below, own, delta }] of contents) {
    const known = new Set(keysOf(delta));
    const all =
      path === STATUS
        ? [name]
        : [
            ...keysOfPackage(path, own, { key: name, files }),
            ...keysOfPackage(path, below, { key: name, files }),
          ];
    // The first choice of an alternative makes its file.
    if (below.size === 0 && own.has('mode') && all.length > 0) all.push('mode');
    const mine = all.filter((key) => known.has(key));
    if (mine.length > 0) keys.set(path, new Set(mine));
  }
  const status = contents.get(STATUS);
  return {
    kind: 'package',
    name,
    text: packageText(name, status?.below.get(name), status?.own.get(name)),
    files,
    keys,
  };
}

/** What became of a package, as dpkg's records of it show. */
function packageText(name: string, before: string | undefined, now: string | undefined): string {
  const version = (record: string | undefined): string => fieldOf(record ?? '', 'Version') ?? '';
  const had = before !== undefined && isInstalled(before);
  const has = now !== undefined && isInstalled(now);
  if (has && !had) return `${version(now)} (new)`;
  if (has && had && version(before) !== version(now)) return `${version(now)} (was ${version(before)})`;
  if (has) return `${version(now)} (changed)`;
  if (now === undefined)
    return before === undefined ? `${name} (mark changed)` : `${version(before)} (purged)`;
  return had ? `${version(before)} (removed)` : `${version(now)} (not installed)`;
}

function accountNames(contents: ReadonlyMap<string, Contents>): string[] {
  const names = new Set<string>();
  for (const path of ACCOUNT_FILES) {
    const { set = [], gone = [] } = contents.get(path)?.delta ?? {};
    for (const name of [...set, ...gone]) if (!/^[+-]/.test(name)) names.add(name);
  }
  return sortByName([...names], (name) => name);
}

function accountUnit(contents: ReadonlyMap<string, Contents>, name: string): Unit {
  const keys = new Map<string, ReadonlySet<string>>();
  for (const path of ACCOUNT_FILES) {
    const delta = contents.get(path)?.delta;
    if (delta !== undefined && keysOf(delta).includes(name)) keys.set(path, new Set([name]));
  }
  const files = Object.values(NAME_FILES).map((path) => contents.get(path));
  const [before, now] = (['below', 'own'] as const).map((where) =>
    files.some((file) => file?.[where].has(name)),
  );
  const text = now === before ? '(changed)' : now ? '(new)' : '(removed)';
  return { kind: 'account', name, text, files: new Set(), keys };
}

/** Whether it is an account of a package (adduser.conf(5): 100 to 999). */
function isSystem(contents: ReadonlyMap<string, Contents>, name: string): boolean {
  for (const path of Object.values(NAME_FILES)) {
    const file = contents.get(path);
    const number = Number((file?.own.get(name) ?? file?.below.get(name) ?? '').split(':')[2] ?? 'x');
    if (number >= 100 && number < 1000) return true;
  }
  return false;
}

/** The package that an account belongs to: by its name, or the only one. */
function ownerOf(account: string, packages: readonly Unit[]): Unit | undefined {
  const plain = account.replace(/^_|^systemd-/, '');
  const alike = packages.filter(
    ({ name }) => name.startsWith(plain) || plain.startsWith(name.split(':')[0] ?? ''),
  );
  return alike[0] ?? (packages.length === 1 ? packages[0] : undefined);
}

/** The part of a delta that belongs to chosen units, and the rest if that is chosen as well. */
export function partOfDelta(
  path: string,
  delta: Delta,
  units: readonly Unit[],
  chosen: ReadonlySet<Unit>,
  rest: boolean,
): Delta {
  const owners = (key: string): Unit[] => units.filter(({ keys }) => keys.get(path)?.has(key));
  const keeps = (key: string): boolean => {
    const all = owners(key);
    return all.length === 0 ? rest : all.some((unit) => chosen.has(unit));
  };
  const keepsName = (name: string): boolean => {
    const unit = units.find((one) => one.kind === 'account' && one.name === name);
    return unit === undefined ? rest : chosen.has(unit);
  };
  const lists = Object.entries(delta.lists ?? {}).flatMap(([key, { add = [], gone = [] }]) => {
    const whole = owners(key).some((unit) => chosen.has(unit));
    const [more, fewer] = [add, gone].map((names) => names.filter((name) => whole || keepsName(name)));
    return (more?.length ?? 0) + (fewer?.length ?? 0) === 0 ? [] : [[key, { add: more, gone: fewer }]];
  });
  return {
    set: (delta.set ?? []).filter(keeps),
    gone: (delta.gone ?? []).filter(keeps),
    lists: Object.fromEntries(lists),
    fields: Object.fromEntries(Object.entries(delta.fields ?? {}).filter(([key]) => keeps(key))),
  };
}

/** The release of a kernel's package, or what another one names it by; `undefined` if it is none of those. */
export function kernelOf({ kind, name }: Unit): string | undefined {
  return kind === 'package'
    ? /^linux-(?:image|headers|modules)-(.*?)(?::[^:]*)?$/.exec(name)?.[1]
    : undefined;
}

/** Whether a delta has anything that belongs to no unit. */
export function hasRest(path: string, delta: Delta, units: readonly Unit[]): boolean {
  return keysOf(partOfDelta(path, delta, units, new Set(), true)).length > 0;
}
