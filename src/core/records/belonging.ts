/** Which records, in files with several owners, belong to a package. */
import { ALTERNATIVES, choiceKeys } from './alternatives.js';
import type { Entries } from './database.js';
import { fieldOf } from './databases.js';

/** A package as it is installed. */
export interface InstalledPackage {
  /** Its key in dpkg's status: the name, with the architecture if several are installed side by side. */
  readonly key: string;
  /** Absolute paths of its files. */
  readonly files: ReadonlySet<string>;
}

type Belongs = (record: string, key: string, name: string, files: ReadonlySet<string>) => boolean;

const isOwner: Belongs = (record, _, name) =>
  (fieldOf(record, 'Owners') ?? '').split(', ').some((owner) => owner === name);
/** A line that ends with the package, with an option after it. */
const isInterested: Belongs = (record, _, name) => record.split(' ').at(-1)?.split('/')[0] === name;
const hasPath: Belongs = (_, key, __, files) => files.has(key);

const FILES: Readonly<Record<string, Belongs>> = {
  'etc/shells': hasPath,
  'var/cache/debconf/config.dat': isOwner,
  'var/cache/debconf/passwords.dat': isOwner,
  'var/cache/debconf/templates.dat': isOwner,
  'var/lib/apt/extended_states': (record, _, name) => fieldOf(record, 'Package') === name,
  'var/lib/dpkg/diversions': (record, _, name) => record.split('\n')[2] === name,
  'var/lib/dpkg/statoverride': hasPath,
  'var/lib/dpkg/triggers/File': isInterested,
  'var/lib/ucf/registry': (record, _, name) => record.split(/\s/)[0] === name,
};

/** Folders of files with records of packages. */
export const RECORD_FOLDERS = ['var/lib/dpkg/triggers', ALTERNATIVES] as const;
/** Single ones. */
export const PACKAGE_FILES: readonly string[] = Object.keys(FILES);

/** The keys of a file's records that belong to the package. */
export function keysOfPackage(path: string, entries: Entries, { key, files }: InstalledPackage): string[] {
  const name = key.split(':')[0] as string;
  if (path.startsWith(`${ALTERNATIVES}/`)) return choiceKeys(entries, files);
  const belongs = Object.hasOwn(FILES, path) ? FILES[path] : isInterested;
  return [...entries].filter(([one, record]) => belongs?.(record, one, name, files)).map(([one]) => one);
}
