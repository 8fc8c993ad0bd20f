/**
 * Packages that a layer installs or upgrades: it has all of each, so that it is whole wherever the layer is
 * applied, also without the layers below that have installed an earlier version.
 */

import type { FileAttributes } from '../../../core/archive/attributes.js';
import { inView, type TreeEntry } from '../../../core/archive/tree.js';
import type { Change } from '../../../core/overlay/changes.js';
import { namesByNumber } from '../../../core/records/accounts.js';
import { keysOfPackages, PACKAGE_FILES, RECORD_FOLDERS } from '../../../core/records/belonging.js';
import type { Database } from '../../../core/records/database.js';
import { databaseOf } from '../../../core/records/databases.js';
import { diffOf } from '../../../core/records/delta.js';
import { DIVERSIONS, INFO, STATUS } from '../../../core/records/packages.js';
import { ancestorsOf, nameLength } from '../../../core/text/path.js';
import type { RunningSystem } from '../../system.js';
import { attributesInView, dumpOf, find } from '../directory.js';
import { type ChosenContent, withSize } from './chosen.js';
import type { Scan } from './scan.js';
import { wordsOfPackage } from './scripts.js';

/** What the packages of a layer need beside what was chosen. */
export interface PackageParts {
  readonly changes: readonly Change[];
  /** Extended attributes of these, by path. */
  readonly attributes: ReadonlyMap<string, FileAttributes['values']>;
  /** Records of theirs, by the file that has them. */
  readonly keys: ReadonlyMap<string, readonly string[]>;
  /** Content of files among the changes that is not that of the machine. */
  readonly texts: ReadonlyMap<string, string>;
}

const NOTHING: PackageParts = { changes: [], attributes: new Map(), keys: new Map(), texts: new Map() };

/** What was chosen, as in chosen.ts. */
interface ChosenParts extends Pick<ChosenContent, 'texts' | 'left'> {
  readonly chosen: readonly Change[];
}

/** `textBelow`: what is below a file with several owners, with the snapshots of this boot. */
export function packageParts(
  machine: RunningSystem,
  scan: Scan,
  { chosen, texts, left }: ChosenParts,
  textBelow: (path: string) => string | null,
): PackageParts {
  const { root } = scan.merged;
  const read = (path: string): string | undefined => {
    if (left.has(path)) return textBelow(path) ?? undefined;
    return texts.get(path) ?? machine.readText(`${root}/${path}`);
  };
  const status = chosen.find(({ path }) => path === STATUS);
  if (status?.entry?.type !== 'f') return NOTHING;
  const delta = diffOf(databaseOf(STATUS) as Database, textBelow(STATUS) ?? '', read(STATUS) ?? '');
  const packages = new Set(delta?.set ?? []);
  if (packages.size === 0) return NOTHING;
  const listOf = (name: string): string[] =>
    (read(`${INFO}/${name}.list`) ?? '').split('\n').filter((file) => file.startsWith('/') && file !== '/.');
  const files = new Set([...packages].flatMap(listOf));
  const bare = new Set([...packages].map((name) => name.split(':')[0] as string));
  const keys = new Map<string, string[]>();
  const diverted: string[] = [];
  for (const path of recordFiles(machine, root)) {
    const entries = databaseOf(path)?.parse(read(path) ?? '');
    const own = entries === undefined ? [] : keysOfPackages(path, entries, bare, files);
    if (own.length > 0) keys.set(path, own);
    // Another package's file lies under the second path.
    if (path === DIVERSIONS)
      for (const key of own) diverted.push(entries?.get(key)?.split('\n')[1]?.slice(1) ?? '');
  }
  // Metadata alone needs the content below, which another base may lack.
  const isWhole = ({ path, entry }: Change): boolean => entry !== undefined && !scan.upper.inPlace.has(path);
  const taken = new Set(chosen.filter(isWhole).map(({ path }) => path));
  const names = infoFiles(machine, root, packages);
  // Also those that were there before the package, which nothing would make where it is applied.
  const words = new Set(
    [...packages].flatMap((name) => [...wordsOfPackage(machine, root, name, listOf(name))]),
  );
  const owners = chosen.flatMap(({ entry }) => entry ?? []);
  for (const [path, own] of accountKeys(read, owners, words)) {
    keys.set(path, own);
  }
  const wanted = [
    ...new Set([...[...files].map((file) => file.slice(1)), ...names, ...diverted, ...keys.keys()]),
  ].filter((path) => !taken.has(path));
  const added = entriesOf(machine, scan, wanted);
  const asBelow = new Map<string, string>();
  const changes = added.changes.map((change) => {
    const text = left.has(change.path) ? read(change.path) : undefined;
    if (text === undefined || change.entry === undefined) return change;
    asBelow.set(change.path, text);
    return { ...change, entry: withSize(change.entry, nameLength(text)) };
  });
  return { ...added, changes, keys, texts: asBelow };
}

/**
 * The folders above these changes that the look has not asked for, since nothing in them has changed, as they
 * are.
 */
export function unseenFolders(
  machine: RunningSystem,
  scan: Scan,
  changes: readonly Change[],
): Pick<PackageParts, 'changes' | 'attributes'> {
  const seen = new Set(scan.upper.entries.map(({ path }) => path));
  const above = new Set(changes.flatMap(({ path }) => ancestorsOf(path)));
  return entriesOf(
    machine,
    scan,
    [...above].filter((path) => !seen.has(path) && scan.below.at(path) === undefined),
  );
}

function recordFiles(machine: RunningSystem, root: string): string[] {
  const inFolders = RECORD_FOLDERS.flatMap((folder) =>
    (machine.list(`${root}/${folder}`) ?? []).map((name) => `${folder}/${name}`),
  );
  return [...PACKAGE_FILES, ...inFolders];
}

/** Accounts of packages, not of people (adduser.conf(5)). */
const isSystem = (id: number): boolean => id >= 100 && id < 1000;

/** Records of the packages' accounts: those that files of the layer belong to, or that their scripts name. */
function accountKeys(
  read: (path: string) => string | undefined,
  entries: readonly TreeEntry[],
  words: ReadonlySet<string>,
): Map<string, string[]> {
  const keys = new Map<string, string[]>();
  const kinds = [
    [entries.map(({ uid }) => uid), ['etc/passwd', 'etc/shadow']],
    [entries.map(({ gid }) => gid), ['etc/group', 'etc/gshadow']],
  ] as const;
  for (const [all, paths] of kinds) {
    const names = namesByNumber(databaseOf(paths[0])?.parse(read(paths[0]) ?? '') ?? new Map());
    const named = [...names].flatMap(([id, name]) => (isSystem(id) && words.has(name) ? [id] : []));
    const ids = new Set([...all.filter(isSystem), ...named]);
    const own = [...ids].flatMap((id) => names.get(id) ?? []);
    for (const path of paths) {
      const there = databaseOf(path)?.parse(read(path) ?? '');
      const known = own.filter((name) => there?.has(name));
      if (known.length > 0) keys.set(path, known);
    }
  }
  return keys;
}

/** What dpkg has of the packages. */
function infoFiles(machine: RunningSystem, root: string, packages: ReadonlySet<string>): string[] {
  const names = machine.list(`${root}/${INFO}`) ?? [];
  return names
    .filter((name) => packages.has(name.slice(0, name.lastIndexOf('.'))))
    .map((name) => `${INFO}/${name}`);
}

/** Those of the paths that exist, as changes. */
function entriesOf(
  machine: RunningSystem,
  { upper, below, merged: { root } }: Scan,
  paths: readonly string[],
): Pick<PackageParts, 'changes' | 'attributes'> {
  const wanted = new Set(paths);
  const own = new Map<string, TreeEntry>();
  for (const entry of upper.entries) {
    if (wanted.has(entry.path) && !upper.inPlace.has(entry.path)) own.set(entry.path, entry);
  }
  // A folder that was there before is as it is below, unless its own change is chosen.
  const isKnown = ({ path, type }: TreeEntry): boolean => type === 'd' && below.at(path)?.type === 'd';
  const others = paths.filter((path) => !own.has(path));
  const found = others.length === 0 ? [] : find(machine, root, others, 'themselves').map(inView);
  const viewed = found.filter(({ path, type }) => wanted.has(path) && type !== 's');
  const entries = [...[...own.values()].filter((entry) => !isKnown(entry)), ...viewed];
  const dump = dumpOf(
    machine,
    root,
    viewed.map(({ path }) => path),
  );
  return {
    changes: entries.map((entry) => ({ kind: 'changed', path: entry.path, entry, before: entry.type })),
    attributes: attributesInView(dump),
  };
}
