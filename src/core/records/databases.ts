/**
 * Files in which several owners have their records: packages, accounts, and the administrator. Each is read
 * as records by key, in their order, and written from them.
 */
import { ALTERNATIVES, alternatives } from './alternatives.js';
import type { Database, Fields, ListField } from './database.js';

/** One record a line. `keyOf` returns `undefined` for an invalid line; empty lines are dropped. */
function lines(keyOf: (line: string) => string | undefined, list?: ListField): Database {
  return {
    parse(text) {
      const entries = new Map<string, string>();
      for (const line of text.split('\n')) {
        if (line === '') continue;
        const key = keyOf(line);
        if (key === undefined) return undefined;
        const before = entries.get(key);
        // Several lines of one key, as in subuid(5), are one record.
        entries.set(key, before === undefined || before === line ? line : `${before}\n${line}`);
      }
      return entries;
    },
    render: (entries) => [...entries.values()].map((record) => `${record}\n`).join(''),
    ...(list === undefined ? {} : { list }),
  };
}

/** Fields of a paragraph by name, each with the lines that continue it. */
const FIELDS: Fields = {
  split: (record) =>
    new Map(record.split(/\n(?![ \t])/).map((field) => [field.slice(0, field.indexOf(':')), field])),
  join: (fields) => [...fields.values()].join('\n'),
  isOther: (before, after) => before.get('Version') !== after.get('Version'),
};

/** Paragraphs of fields (deb822(5)), each followed by an empty line. */
function paragraphs(
  keyOf: (paragraph: string) => string | undefined,
  first: { readonly field: string; nameOf(key: string): string },
  list?: ListField,
): Database {
  return {
    parse(text) {
      const entries = new Map<string, string>();
      for (const paragraph of text.split(/\n\n+/)) {
        const record = paragraph.replace(/^\n+|\n+$/g, '');
        if (record === '') continue;
        const key = keyOf(record);
        if (key === undefined || entries.has(key)) return undefined;
        entries.set(key, record);
      }
      return entries;
    },
    pick(text, keys) {
      const entries = new Map<string, string>();
      const whole = `\n${text}`;
      for (const key of keys) {
        const start = `\n${first.field}: ${first.nameOf(key)}\n`;
        for (let at = whole.indexOf(start); at >= 0; at = whole.indexOf(start, at + 1)) {
          const from = whole.lastIndexOf('\n\n', at) + 1;
          const end = whole.indexOf('\n\n', at + 1);
          const record = whole.slice(from, end < 0 ? undefined : end).replace(/^\n+|\n+$/g, '');
          if (keyOf(record) === key) entries.set(key, record);
        }
      }
      return entries;
    },
    render: (entries) => [...entries.values()].map((record) => `${record}\n\n`).join(''),
    fields: FIELDS,
    ...(list === undefined ? {} : { list }),
  };
}

/** The value of a field, on one line. */
export function fieldOf(paragraph: string, name: string): string | undefined {
  const start = `${name}:`;
  const at = paragraph.startsWith(start) ? 0 : paragraph.indexOf(`\n${start}`) + 1;
  if (at === 0 && !paragraph.startsWith(start)) return undefined;
  const end = paragraph.indexOf('\n', at);
  return paragraph.slice(at + start.length, end < 0 ? undefined : end).trim();
}

/** Accounts: the name before the first colon, of a number of fields; NIS's lines begin with + or -. */
function accounts(fields: number, list?: ListField): Database {
  return lines((line) => {
    if (/^[+-]/.test(line)) return line;
    const parts = line.split(':');
    return parts.length === fields && parts[0] !== '' ? parts[0] : undefined;
  }, list);
}

/** The members in the last field of group(5) and gshadow(5). */
const MEMBERS: ListField = {
  namesIn: (record) =>
    record
      .slice(record.lastIndexOf(':') + 1)
      .split(',')
      .filter((name) => name !== ''),
  withNames: (record, names) => record.slice(0, record.lastIndexOf(':') + 1) + names.join(','),
};

/** The packages in the field Owners of debconf's files (Debconf::DbDriver, Debconf::Format::822). */
const OWNERS: ListField = {
  namesIn: (record) => (fieldOf(record, 'Owners') ?? '').split(', ').filter((name) => name !== ''),
  withNames: (record, names) => record.replace(/^(Owners:).*$/m, `$1 ${names.join(', ')}`),
};

const debconf = paragraphs(
  (paragraph) => fieldOf(paragraph, 'Name'),
  { field: 'Name', nameOf: (key) => key },
  OWNERS,
);

/** A package's key without its architecture. */
const byPackage = { field: 'Package', nameOf: (key: string) => key.split(':')[0] as string };

/** dpkg(1): versions of several architectures are installed side by side if both say `Multi-Arch: same`. */
function packageKey(paragraph: string): string | undefined {
  const name = fieldOf(paragraph, 'Package');
  if (name === undefined || name === '') return undefined;
  return fieldOf(paragraph, 'Multi-Arch') === 'same' ? `${name}:${fieldOf(paragraph, 'Architecture')}` : name;
}

/** apt_mark's file: a paragraph for each package and architecture. */
function markKey(paragraph: string): string | undefined {
  const name = fieldOf(paragraph, 'Package');
  const architecture = fieldOf(paragraph, 'Architecture');
  if (name === undefined) return undefined;
  return architecture === undefined ? name : `${name}:${architecture}`;
}

/** dpkg-divert(1): three lines each, the path, the path it is diverted to, and the package. */
const diversions: Database = {
  parse(text) {
    const all = text === '' ? [] : text.replace(/\n$/, '').split('\n');
    if (all.length % 3 !== 0) return undefined;
    const entries = new Map<string, string>();
    for (let i = 0; i < all.length; i += 3) entries.set(all[i] as string, all.slice(i, i + 3).join('\n'));
    return entries;
  },
  render: (entries) => [...entries.values()].map((record) => `${record}\n`).join(''),
};

/** The whole line is the record and its key. */
const set = lines((line) => line);

/** dpkg-statoverride(1): user, group, mode and path. */
const statoverride = lines((line) => /^\S+ \S+ \S+ (\/.*)$/.exec(line)?.[1]);

/** ucf(1): a path after a package, or after a digest. */
const byPath = lines((line) => /^\S+\s+(\/.*)$/.exec(line)?.[1]);

const FILES: Readonly<Record<string, Database>> = {
  'etc/group': accounts(4, MEMBERS),
  'etc/gshadow': accounts(4, MEMBERS),
  'etc/passwd': accounts(7),
  'etc/shadow': accounts(9),
  'etc/shells': set,
  'etc/subgid': accounts(3),
  'etc/subuid': accounts(3),
  'var/cache/debconf/config.dat': debconf,
  'var/cache/debconf/passwords.dat': debconf,
  'var/cache/debconf/templates.dat': debconf,
  'var/lib/apt/extended_states': paragraphs(markKey, byPackage),
  'var/lib/dpkg/arch': set,
  'var/lib/dpkg/diversions': diversions,
  'var/lib/dpkg/statoverride': statoverride,
  'var/lib/dpkg/status': paragraphs(packageKey, byPackage),
  'var/lib/dpkg/triggers/File': set,
  'var/lib/ucf/hashfile': byPath,
  'var/lib/ucf/registry': byPath,
};

/** Of a file with this path, relative to the root; `undefined` if it is no such file. */
export function databaseOf(path: string): Database | undefined {
  return Object.hasOwn(FILES, path) ? FILES[path] : inFolder(path);
}

/** Files of dpkg that have a name of their own for each trigger, and for each alternative. */
function inFolder(path: string): Database | undefined {
  const folder = path.slice(0, path.lastIndexOf('/'));
  // What waits for the end of a run of dpkg, and its lock, begin with a capital letter.
  if (folder === 'var/lib/dpkg/triggers' && !/\/[A-Z][^/]*$/.test(path)) return set;
  return folder === ALTERNATIVES ? alternatives : undefined;
}
