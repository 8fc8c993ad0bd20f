/**
 * What is kept or left as a whole: a package with all that belongs to it, and an account. Of the files with
 * several owners, each has its own records. Pure.
 */
import { sortByName } from '../text/path.js';
import { ALTERNATIVES } from './alternatives.js';
import { ownerOfRecord } from './belonging.js';
import type { Entries, ListField } from './database.js';
import { fieldOf } from './databases.js';
import { type Delta, keysOf } from './delta.js';
import { isInstalled, STATUS, unfinishedState } from './packages.js';
import { NAME_FILES } from './records.js';

export interface Unit {
  readonly kind: 'package' | 'account';
  /** Of a package its key in dpkg's status: the name, with the architecture if it is `Multi-Arch: same`. */
  readonly name: string;
  /** Its version, and what became of it, in words. */
  readonly text: string;
  /** Whether it is no longer installed. */
  readonly removed: boolean;
  /** How far dpkg got with it, such as `unpacked`, if it did not end. */
  readonly unfinished?: string;
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

/** Number of its parts. */
export function deltaSize({ set = [], gone = [], lists = {}, fields = {} }: Delta): number {
  const inLists = Object.values(lists).reduce(
    (sum, { add = [], gone: less = [] }) => sum + add.length + less.length,
    0,
  );
  return set.length + gone.length + inLists + Object.keys(fields).length;
}

/** What is known of a package beside its records. */
export interface PackageFacts {
  /** Absolute paths of its files, here and below, as dpkg lists them. */
  filesOf(name: string): readonly string[];
  /** Whether its scripts, or its files for sysusers.d(5), name an account. */
  mentions(name: string, account: string): boolean;
}

/** All that have changed. */
export function unitsOf(contents: ReadonlyMap<string, Contents>, facts: PackageFacts): Unit[] {
  const packages = packageUnits(contents, facts);
  const accounts = accountNames(contents).flatMap((name) => {
    const unit = accountUnit(contents, name);
    const owner = isNewSystem(contents, name)
      ? packages.find((one) => facts.mentions(one.name, name))
      : undefined;
    if (owner === undefined) return [unit];
    for (const [path, keys] of unit.keys) for (const key of keys) addKey(owner.keys, path, key);
    return [];
  });
  return [...packages, ...accounts];
}

interface GrowingUnit extends Unit {
  readonly keys: Map<string, Set<string>>;
}

function addKey(keys: Map<string, Set<string>>, path: string, key: string): void {
  const known = keys.get(path);
  if (known === undefined) keys.set(path, new Set([key]));
  else known.add(key);
}

function packageUnits(contents: ReadonlyMap<string, Contents>, facts: PackageFacts): GrowingUnit[] {
  const status = contents.get(STATUS);
  const changed = new Set(status === undefined ? [] : keysOf(status.delta));
  const units = packageNames(contents).map((name): GrowingUnit => {
    const text = packageText(name, status?.below.get(name), status?.own.get(name));
    const keys = changed.has(name) ? [[STATUS, new Set([name])] as const] : [];
    const removed = status?.own.has(name) !== true || !isInstalled(status.own.get(name) ?? '');
    const unfinished = unfinishedState(status?.own.get(name) ?? '');
    const files = new Set(facts.filesOf(name));
    return {
      ...{ kind: 'package', name, text, removed, files, keys: new Map(keys) },
      ...(unfinished === undefined ? {} : { unfinished }),
    };
  });
  const byName = new Map<string, GrowingUnit[]>();
  const byFile = new Map<string, GrowingUnit[]>();
  const note = (map: Map<string, GrowingUnit[]>, key: string, unit: GrowingUnit): void => {
    const known = map.get(key);
    if (known === undefined) map.set(key, [unit]);
    else known.push(unit);
  };
  for (const unit of units) {
    note(byName, unit.name.split(':')[0] as string, unit);
    for (const file of unit.files) note(byFile, file, unit);
  }
  for (const [path, { below, own, delta }] of contents) {
    const shared: string[] = [];
    const involved = new Set<GrowingUnit>();
    for (const key of path === STATUS ? [] : keysOf(delta)) {
      const all = [own.get(key), below.get(key)].flatMap((record) => {
        const { names = [], file = '' } = record === undefined ? {} : ownerOfRecord(path, key, record);
        return [...names.flatMap((name) => byName.get(name) ?? []), ...(byFile.get(file) ?? [])];
      });
      for (const unit of all) {
        addKey(unit.keys, path, key);
        involved.add(unit);
      }
      if (all.length === 0) shared.push(key);
    }
    // Of an alternative, the link and the slaves are there for its choices; so is the mode of a new one.
    const follows = path.startsWith(`${ALTERNATIVES}/`)
      ? shared.filter((key) => key !== 'mode' || below.size === 0 || own.size === 0)
      : [];
    for (const unit of involved) for (const key of follows) addKey(unit.keys, path, key);
  }
  return units;
}

function packageNames(contents: ReadonlyMap<string, Contents>): string[] {
  const status = contents.get(STATUS);
  const names = new Set(status === undefined ? [] : keysOf(status.delta));
  const known = new Set([...names].map((name) => name.split(':')[0] as string));
  const marks = contents.get(MARKS);
  // A mark alone, as of apt-mark manual.
  for (const key of marks === undefined ? [] : keysOf(marks.delta)) {
    const name = key.split(':')[0] as string;
    if (!known.has(name)) names.add(name);
  }
  return sortByName([...names], (name) => name);
}

/** What became of a package, as dpkg's records of it show. */
function packageText(name: string, before: string | undefined, now: string | undefined): string {
  const version = (record: string | undefined): string => fieldOf(record ?? '', 'Version') ?? '';
  const unfinished = unfinishedState(now ?? '');
  if (unfinished !== undefined) return `${version(now)} (${unfinished})`;
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
    const file = contents.get(path);
    if (file !== undefined && file.own.get(name) !== file.below.get(name)) keys.set(path, new Set([name]));
  }
  const files = Object.values(NAME_FILES).map((path) => contents.get(path));
  const [before, now] = (['below', 'own'] as const).map((where) =>
    files.some((file) => file?.[where].has(name)),
  );
  const text = now === before ? '(changed)' : now ? '(new)' : '(removed)';
  return { kind: 'account', name, text, removed: now !== true, files: new Set(), keys };
}

/** Whether it is a new account of a package, by its number (adduser.conf(5): 100 to 999). */
function isNewSystem(contents: ReadonlyMap<string, Contents>, name: string): boolean {
  return Object.values(NAME_FILES).some((path) => {
    const file = contents.get(path);
    const number = Number((file?.own.get(name) ?? '').split(':')[2] ?? 'x');
    return file?.below.has(name) === false && number >= 100 && number < 1000;
  });
}

/** Units by the file and the key of their records. */
const indexes = new WeakMap<readonly Unit[], Map<string, Map<string, Unit[]>>>();

function ownersIn(units: readonly Unit[], path: string): ReadonlyMap<string, readonly Unit[]> {
  let index = indexes.get(units);
  if (index === undefined) {
    index = new Map();
    for (const unit of units) {
      for (const [file, keys] of unit.keys) {
        const known = index.get(file) ?? new Map<string, Unit[]>();
        index.set(file, known);
        for (const key of keys) known.set(key, [...(known.get(key) ?? []), unit]);
      }
    }
    indexes.set(units, index);
  }
  return index.get(path) ?? new Map();
}

/** Whether names of accounts are chosen: those that are new with their unit, the others with the rest. */
function choosesName(
  units: readonly Unit[],
  chosen: ReadonlySet<Unit>,
  rest: boolean,
): (name: string) => boolean {
  const users = ownersIn(units, NAME_FILES.users);
  return (name) => users.get(name)?.some((unit) => chosen.has(unit)) ?? rest;
}

/** The part of a delta that belongs to chosen units, and the rest if that is chosen as well. */
export function partOfDelta(
  path: string,
  delta: Delta,
  units: readonly Unit[],
  chosen: ReadonlySet<Unit>,
  rest: boolean,
): Delta {
  const owners = ownersIn(units, path);
  const keeps = (key: string): boolean => owners.get(key)?.some((unit) => chosen.has(unit)) ?? rest;
  const keepsName = choosesName(units, chosen, rest);
  const lists = Object.entries(delta.lists ?? {}).flatMap(([key, { add = [], gone = [] }]) => {
    const whole = owners.get(key)?.some((unit) => chosen.has(unit)) === true;
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

/**
 * The records of a group's file without new accounts that were not chosen: who is called so later must not be
 * in the group.
 */
export function withoutOthers(
  path: string,
  entries: ReadonlyMap<string, string>,
  list: ListField,
  units: readonly Unit[],
  chosen: ReadonlySet<Unit>,
): Map<string, string> {
  const keepsName = choosesName(units, chosen, true);
  return new Map(
    [...entries].map(([key, record]) => {
      const names = list.namesIn(record);
      const kept = path.startsWith('etc/') ? names.filter(keepsName) : names;
      return [key, kept.length === names.length ? record : list.withNames(record, kept)];
    }),
  );
}

/** Whether a delta has anything that belongs to no unit. */
export function hasRest(path: string, delta: Delta, units: readonly Unit[]): boolean {
  return deltaSize(partOfDelta(path, delta, units, new Set(), true)) > 0;
}

/** The release of a kernel's package, or what another one names it by; `undefined` if it is none of those. */
export function kernelOf({ kind, name }: Unit): string | undefined {
  return kind === 'package' ? /^linux-(?:image|modules)-(.*?)(?::[^:]*)?$/.exec(name)?.[1] : undefined;
}
