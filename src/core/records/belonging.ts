/** Which records, in files with several owners, belong to a package. */
import { ALTERNATIVES, choiceFile, choiceKeys } from './alternatives.js';
import type { Entries } from './database.js';
import { fieldOf } from './databases.js';

/** Whose a record is: packages by name, or whoever has the file, by its absolute path. */
interface Owner {
  readonly names?: readonly string[];
  readonly file?: string;
}

type OwnerOf = (key: string, record: string) => Owner;

const owners: OwnerOf = (_, record) => ({ names: (fieldOf(record, 'Owners') ?? '').split(', ') });
/** A line that ends with the package, with an option after it. */
const interested: OwnerOf = (_, record) => ({ names: [record.split(' ').at(-1)?.split('/')[0] ?? ''] });
const byPath: OwnerOf = (key) => ({ file: key });

const FILES: Readonly<Record<string, OwnerOf>> = {
  'etc/shells': byPath,
  'var/cache/debconf/config.dat': owners,
  'var/cache/debconf/passwords.dat': owners,
  'var/cache/debconf/templates.dat': owners,
  'var/lib/apt/extended_states': (_, record) => ({ names: [fieldOf(record, 'Package') ?? ''] }),
  'var/lib/dpkg/diversions': (_, record) => ({ names: [record.split('\n')[2] ?? ''] }),
  'var/lib/dpkg/statoverride': byPath,
  'var/lib/dpkg/triggers/File': interested,
  'var/lib/ucf/registry': (_, record) => ({ names: [record.split(/\s/)[0] ?? ''] }),
};

/** Folders of files with records of packages. */
export const RECORD_FOLDERS = ['var/lib/dpkg/triggers', ALTERNATIVES] as const;
/** Single ones. */
export const PACKAGE_FILES: readonly string[] = Object.keys(FILES);

/** Whose a record is; nothing if it is no package's. */
export function ownerOfRecord(path: string, key: string, record: string): Owner {
  if (Object.hasOwn(FILES, path)) return FILES[path]?.(key, record) ?? {};
  if (path.startsWith(`${ALTERNATIVES}/`)) {
    const file = choiceFile(key);
    return file === undefined ? {} : { file };
  }
  return path.startsWith('var/lib/dpkg/triggers/') ? interested(key, record) : {};
}

/** The keys of a file's records that belong to packages with these names, or with these files. */
export function keysOfPackages(
  path: string,
  entries: Entries,
  names: ReadonlySet<string>,
  files: ReadonlySet<string>,
): string[] {
  if (path.startsWith(`${ALTERNATIVES}/`)) return choiceKeys(entries, files);
  return [...entries]
    .filter(([key, record]) => {
      const owner = ownerOfRecord(path, key, record);
      return owner.names?.some((name) => names.has(name)) === true || files.has(owner.file ?? '');
    })
    .map(([key]) => key);
}
