/** The content of a choice: of files with several owners, the records of what was chosen. */
import { sortTree, type TreeEntry } from '../../../core/archive/tree.js';
import type { Change } from '../../../core/overlay/changes.js';
import { linksOf } from '../../../core/records/alternatives.js';
import type { Database, Entries } from '../../../core/records/database.js';
import { databaseOf } from '../../../core/records/databases.js';
import { applyDelta } from '../../../core/records/delta.js';
import { STATUS, type Unmet, unmetDependencies } from '../../../core/records/packages.js';
import { deltaSize, kernelOf, partOfDelta, type Unit, withoutOthers } from '../../../core/records/units.js';
import { err, ok, type Problem, type Result } from '../../../core/result.js';
import { nameLength, parentOf } from '../../../core/text/path.js';
import type { RunningSystem } from '../../system.js';
import type { Scan } from './scan.js';
import type { Units } from './units.js';
import { olderThanNeeded } from './versions.js';

/** What was chosen of the changes. */
export interface Chosen {
  /** Of all changes, those whose lines were kept. */
  readonly changes: readonly Change[];
  readonly units: readonly Unit[];
}

/** The name of a unit among all. */
export function nameOf({ kind, name }: Unit): string {
  return `${kind} ${name}`;
}

/** What is to be saved. */
export interface ChosenContent {
  readonly changes: readonly Change[];
  /** Content of files that the layer has otherwise than the machine, by path. */
  readonly texts: ReadonlyMap<string, string>;
  /** Files with several owners that have changed, and nothing of that was chosen. */
  readonly left: ReadonlySet<string>;
}

/**
 * `all`: all changes. Fails if a chosen package needs one that was not chosen, or one that was not chosen
 * needs one whose removal was.
 */
export function contentOf(
  machine: RunningSystem,
  { below, merged }: Scan,
  all: readonly Change[],
  { units, contents, members, covered }: Units,
  chosen: Chosen,
  lookBelow: (paths: readonly string[]) => ReadonlyMap<string, TreeEntry>,
): Result<ChosenContent> {
  const own = new Set(chosen.units);
  const kept = new Set(chosen.changes.map(({ path }) => path));
  const texts = new Map<string, string>();
  const left = new Set<string>();
  const links = new Map<string, string | null>();
  const changes = all.flatMap((change): Change[] => {
    const { path } = change;
    const member = members.get(path);
    if (member !== undefined) return own.has(member) ? [change] : [];
    const content = contents.get(path);
    if (content === undefined) return kept.has(path) ? [change] : [];
    const part = partOfDelta(path, content.delta, units, own, kept.has(path));
    const size = deltaSize(part);
    const whole = size === deltaSize(content.delta);
    // The line of the file itself also stands for its owner and mode.
    if (whole && (kept.has(path) || (size > 0 && covered.has(path)))) return [change];
    if (size === 0 && !kept.has(path)) {
      left.add(path);
      return [];
    }
    const database = databaseOf(path) as Database;
    const applied = applyDelta(database, content.below, content.own, part);
    const { list } = database;
    const made = list === undefined ? applied : withoutOthers(path, applied, list, units, own);
    const entry = change.entry ?? below.at(path);
    if (entry === undefined) return [];
    for (const [link, target] of linksOf(path, made) ?? []) links.set(link, target);
    const text = database.render(made);
    texts.set(path, text);
    return [{ ...change, kind: 'changed', entry: withSize(entry, nameLength(text)) }];
  });
  const status = contents.get(STATUS);
  if (status !== undefined && (texts.has(STATUS) || left.has(STATUS))) {
    const text = texts.get(STATUS);
    const entries = text === undefined ? status.below : (databaseOf(STATUS)?.parse(text) ?? status.below);
    const all = (one: Entries): readonly Unmet[] => unmetDependencies(one, new Set(one.keys()));
    const known = new Set([...all(status.own), ...all(status.below)].map(({ name }) => name));
    // What mkma leaves by itself must not be in the way.
    const isKernel = (relation: string): boolean =>
      units.some((unit) => kernelOf(unit) !== undefined && relation.startsWith(unit.name));
    const unmet = all(entries).find(
      ({ name, missing }) => !known.has(name) && !isKernel(name) && !missing.every(isKernel),
    );
    const older = unmet ?? tooOld(machine, chosen.units, entries, status.own);
    if (older !== undefined) return err(needsAnother(older));
  }
  // Here, or below: what was removed here, and that was not chosen.
  const isThere = (path: string): boolean =>
    [merged.root, merged.below].some(
      (root) =>
        machine.readlink(`${root}/${path}`) !== undefined || machine.info(`${root}/${path}`) !== undefined,
    );
  const made = [...links].filter(
    ([path, target]) => target === null || (isThere(parentOf(path)) && isThere(target.slice(1))),
  );
  const existing = made.length === 0 ? new Map<string, TreeEntry>() : lookBelow(made.map(([path]) => path));
  return ok({ changes: withLinks(all, changes, new Map(made), existing), texts, left });
}

/** A chosen package that needs another version of one than the choice has. */
function tooOld(
  machine: RunningSystem,
  units: readonly Unit[],
  made: Entries,
  own: Entries,
): Unmet | undefined {
  for (const { kind, name, removed } of units) {
    if (kind !== 'package' || removed) continue;
    const older = olderThanNeeded(machine, name, made, own);
    if (older !== undefined) return { name, missing: [older] };
  }
  return undefined;
}

/** The entry of a file with other content. To the next look it has changed: it is compared by its records. */
export function withSize(entry: TreeEntry, size: number): TreeEntry {
  return { ...entry, size, allocated: size, nlink: 1, changed: '' };
}

/**
 * With the links that follow from the chosen alternatives, in place of those that all of them make.
 * `existing`: what is below at these paths.
 */
function withLinks(
  all: readonly Change[],
  chosen: readonly Change[],
  links: ReadonlyMap<string, string | null>,
  existing: ReadonlyMap<string, TreeEntry>,
): Change[] {
  if (links.size === 0) return [...chosen];
  const now = new Map(
    all.flatMap(({ path, entry }) => (entry === undefined ? [] : [[path, entry] as const])),
  );
  const made = [...links].flatMap(([path, target]): Change[] => {
    const before = existing.get(path);
    // What is no link is never replaced by one.
    if (before !== undefined && before.type !== 'l') return [];
    if (target === null) return before === undefined ? [] : [{ kind: 'deleted', path, before: before.type }];
    if (before?.type === 'l' && before.target === target) return [];
    const alike = now.get(path) ?? before;
    const entry: TreeEntry = {
      ...NEW_LINK,
      ...(alike?.type === 'l' ? alike : {}),
      path,
      target,
      changed: '',
    };
    return [
      before === undefined
        ? { kind: 'new', path, entry }
        : { kind: 'changed', path, entry, before: before.type },
    ];
  });
  const others = chosen.filter(({ path }) => !links.has(path));
  return sortTree([...others, ...made]);
}

/** As update-alternatives(1) makes one. */
const NEW_LINK: Omit<TreeEntry, 'path' | 'target'> = {
  ...{ type: 'l', mode: 0o777, uid: 0, gid: 0, nlink: 1, ino: '', fileSystem: '', size: 0, mtime: 0 },
  ...{ changed: '', allocated: 0 },
};

function needsAnother({ name, missing }: Unmet): Problem {
  return {
    code: 'package-needs-another',
    what: `${name} needs ${missing.join(', ')}, which would not be there`,
    where: 'the chosen packages',
    why: 'a package and what it depends on are kept together',
    next: `choose both, or leave out both; nothing was saved`,
  };
}
