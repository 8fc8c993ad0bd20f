/**
 * Files that are made from others among the changes: they are saved with what they are made from, or made
 * again where they are missing.
 */
import { derivedRole } from '../../../core/derived/derived.js';
import { DERIVED_MADE } from '../../../core/derived/mark.js';
import type { Change } from '../../../core/overlay/changes.js';
import type { GuestSystem } from '../../system.js';

/** What follows from other changes. */
export interface DerivedChanges {
  /** Changes that are not offered, by path: they are saved with all that they are made from. */
  readonly made: ReadonlyMap<string, string>;
  /** By name, the changes of what they are made from. */
  readonly from: ReadonlyMap<string, readonly string[]>;
  /** Changes that this boot made by itself, since layers are on other images: they are no changes. */
  readonly own: ReadonlySet<string>;
}

/** `changes`: all, with what rules drop. `isOther`: whether one is of a package, or has several owners. */
export function findDerived(
  machine: GuestSystem,
  changes: readonly Change[],
  isOther: (change: Change) => boolean,
): DerivedChanges {
  const found = new Map<string, Change[]>();
  const from = new Map<string, string[]>();
  for (const change of changes) {
    const { path, entry, before, kind, partOf } = change;
    // What moved is one with its folder.
    const type = entry?.type ?? before;
    const role =
      type === undefined || kind === 'moved' || partOf !== undefined ? undefined : derivedRole(path, type);
    if (role === undefined) continue;
    if (role.role === 'from') add(from, role.of.name, path);
    else if (!isOther(change)) add(found, role.of.name, change);
  }
  const made = new Map<string, string>();
  const own = new Set<string>();
  const byThisBoot = madeByThisBoot(machine);
  for (const [name, all] of found) {
    if (from.has(name)) for (const { path } of all) made.set(path, name);
    else for (const change of all) if (byThisBoot(change)) own.add(change.path);
  }
  return { made, from, own };
}

function add<T>(map: Map<string, T[]>, key: string, value: T): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
}

/** Whether a change is one that mkma-derived.service left, and nobody has changed since. */
function madeByThisBoot(machine: GuestSystem): (change: Change) => boolean {
  const text = machine.readText(DERIVED_MADE);
  const entries: Readonly<Record<string, string>> = text === undefined ? {} : JSON.parse(text).entries;
  return ({ path, entry }) => {
    const known = Object.hasOwn(entries, path) ? entries[path] : undefined;
    if (known === undefined) return false;
    const [type, ino, changed] = known.split(' ');
    if (entry === undefined) return type === 'c';
    // A folder changes with what is in it.
    return type === entry.type && ino === entry.ino && (type === 'd' || changed === entry.changed);
  };
}

/** What is saved of them, for the changes that were chosen. */
export interface DerivedChoice {
  /** Paths that are saved as well. */
  readonly paths: ReadonlySet<string>;
  /** Names of those that the next boot has to make, since not all they were made from is saved. */
  readonly remake: readonly string[];
}

/** `isChosen`: whether a change of this path is saved. */
export function chooseDerived(
  { made, from }: DerivedChanges,
  isChosen: (path: string) => boolean,
): DerivedChoice {
  const whole = new Set<string>();
  const remake: string[] = [];
  for (const name of new Set(made.values())) {
    const chosen = (from.get(name) ?? []).map(isChosen);
    if (chosen.every(Boolean)) whole.add(name);
    else if (chosen.some(Boolean)) remake.push(name);
  }
  const paths = [...made].flatMap(([path, name]) => (whole.has(name) ? [path] : []));
  return { paths: new Set(paths), remake };
}

/** For the list of changes. */
export function derivedNotes({ made }: DerivedChanges): string[] {
  if (made.size === 0) return [];
  const names = [...new Set(made.values())].join(', ');
  return [`saved with all that they are made from, else made again at boot: ${names} (${count(made.size)})`];
}

function count(files: number): string {
  return `${files} ${files === 1 ? 'file' : 'files'}`;
}
