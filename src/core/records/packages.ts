/** Packages of layers that are applied to others than they were made on. */
import { sortByName } from '../text/path.js';
import type { Entries } from './database.js';
import { fieldOf } from './databases.js';
import type { Delta } from './delta.js';

/** dpkg's database of what is installed. */
export const STATUS = 'var/lib/dpkg/status';
/** Its database of files that lie elsewhere, for the sake of another package (dpkg-divert(1)). */
export const DIVERSIONS = 'var/lib/dpkg/diversions';
/** Its folder of what belongs to one package each: `NAME.list`, or `NAME:ARCHITECTURE.list`. */
export const INFO = 'var/lib/dpkg/info';

/** Whether a file is the list of a package's files. */
export function isPackageList(path: string): boolean {
  return path.startsWith(`${INFO}/`) && path.endsWith('.list');
}

/** Files that a package has below a layer, and not as the layer has it. */
export interface StaleFiles {
  /** Name of the layer. */
  readonly layer: string;
  /** The package, as its files in {@link INFO} begin. */
  readonly name: string;
  /** Relative to the root; folders may be among them. */
  readonly paths: readonly string[];
}

/**
 * Files of packages of which the layer has another version, or none. `listBelow` and `listOf` are the content
 * of a package's list below and in the layer; `undefined`: the layer has not changed it.
 */
export function staleFiles(
  { set = [], gone = [], fields = {} }: Delta,
  listBelow: (path: string) => string | null,
  listOf: (path: string) => string | null | undefined,
): Omit<StaleFiles, 'layer'>[] {
  return [...new Set([...set, ...gone, ...Object.keys(fields)])].flatMap((name) => {
    const path = `${INFO}/${name}.list`;
    const own = listOf(path);
    const below = own === undefined ? null : listBelow(path);
    if (own === undefined || below === null) return [];
    const kept = new Set((own ?? '').split('\n'));
    const paths = below
      .split('\n')
      .filter((file) => file.startsWith('/') && file !== '/.' && !kept.has(file));
    return paths.length === 0 && own !== null ? [] : [{ name, paths: paths.map((file) => file.slice(1)) }];
  });
}

/** A package, and what it depends on that is not installed. */
export interface Unmet {
  readonly name: string;
  readonly missing: readonly string[];
}

/** Which of these packages depend on others that are not installed. Versions are not compared. */
export function unmetDependencies(status: Entries, names: ReadonlySet<string>): Unmet[] {
  if (names.size === 0) return [];
  const installed = new Set<string>();
  for (const record of status.values()) {
    if (!isInstalled(record)) continue;
    installed.add(fieldOf(record, 'Package') ?? '');
    for (const name of namesIn(fieldOf(record, 'Provides'))) installed.add(name);
  }
  return sortByName([...names], (name) => name).flatMap((name) => {
    const record = status.get(name);
    if (record === undefined || !isInstalled(record)) return [];
    const depends = ['Pre-Depends', 'Depends'].flatMap((field) => (fieldOf(record, field) ?? '').split(','));
    const missing = depends
      .filter((one) => one.trim() !== '' && !one.split('|').some((other) => installed.has(nameOf(other))))
      .map((one) => one.trim());
    return missing.length === 0 ? [] : [{ name: fieldOf(record, 'Package') ?? name, missing }];
  });
}

/** What a package says of the version of another. */
export interface VersionedRelation {
  readonly package: string;
  /** As dpkg(1) takes it: `--compare-versions`. */
  readonly relation: string;
  readonly version: string;
  readonly text: string;
}

/** Dependencies without alternatives that ask for a version. */
export function versionedRelations(record: string): VersionedRelation[] {
  const all = ['Pre-Depends', 'Depends'].flatMap((field) => (fieldOf(record, field) ?? '').split(','));
  return all.flatMap((one) => {
    const match = /^\s*([^\s(:|]+)(?::\S+)? \((<<|<=|=|>=|>>) ([^\s)]+)\)\s*$/.exec(one);
    if (match === null) return [];
    return [
      {
        package: match[1] as string,
        relation: match[2] as string,
        version: match[3] as string,
        text: one.trim(),
      },
    ];
  });
}

export function versionOf(record: string | undefined): string | undefined {
  return record === undefined || !isInstalled(record) ? undefined : fieldOf(record, 'Version');
}

/** `want error state` (dpkg-query(1)). */
export function isInstalled(record: string): boolean {
  return / (installed|triggers-awaited|triggers-pending)$/.test(fieldOf(record, 'Status') ?? '');
}

/** Names of packages that a status has as installed, without parsing its records. */
export function installedIn(status: string): Set<string> {
  const names = new Set<string>();
  const text = `\n${status}`;
  const valueAt = (start: number): string => text.slice(start, text.indexOf('\n', start));
  for (let at = text.indexOf(PACKAGE); at >= 0; at = text.indexOf(PACKAGE, at + 1)) {
    const state = text.indexOf(STATE, at);
    if (state >= 0 && isInstalled(text.slice(state + 1, text.indexOf('\n', state + 1))))
      names.add(valueAt(at + PACKAGE.length));
  }
  return names;
}

/** The installed packages of a status as the text of a base's manifest: see BaseManifest. */
export function packageLines(status: string): string {
  const found = status.split('\n\n').flatMap((record) => {
    const [name, version] = [fieldOf(record, 'Package'), versionOf(record)];
    if (name === undefined || version === undefined) return [];
    return [{ name, version, architecture: fieldOf(record, 'Architecture') ?? '' }];
  });
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { name } of found) (seen.has(name) ? twice : seen).add(name);
  return found
    .map(
      ({ name, version, architecture }) =>
        `${twice.has(name) ? `${name}:${architecture}` : name} ${version}\n`,
    )
    .sort()
    .join('');
}

const PACKAGE = '\nPackage: ';
const STATE = '\nStatus: ';

/** The state of a package that dpkg has begun with and not ended (dpkg(1)); `undefined` if there is none. */
export function unfinishedState(record: string): string | undefined {
  const [, flag, state] = (fieldOf(record, 'Status') ?? '').split(' ');
  if (state === undefined) return undefined;
  if (flag !== 'ok') return `${state}, ${flag}`;
  return /^(installed|config-files|not-installed)$/.test(state) ? undefined : state;
}

function namesIn(list: string | undefined): string[] {
  return (list ?? '').split(',').map(nameOf);
}

/** Without a version, an architecture, or a condition. */
function nameOf(relation: string): string {
  return /^[^\s(:[<]*/.exec(relation.trim())?.[0] ?? '';
}
