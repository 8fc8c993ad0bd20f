/**
 * The content of `mkma.lock`: everything that a build fetches, by digest. The file has one entry a line and a
 * stable order, so that version control shows what changed.
 */
import { z } from 'zod';
import { digestInputs } from '../stages/build-state.js';

/** Increased whenever an older mkma would misread the file. */
export const LOCK_FORMAT = 1;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hexadecimal');
/** Text that becomes part of a path or of a line for apt. */
const word = z.string().regex(/^[^\s/\\'"]+$/, 'must be one word without / and quotes');
const numbers = z.record(z.string(), z.number().int().min(0).max(4_294_967_295));
const ranges = z.record(z.string(), z.string());

/** A package file. */
const packageSchema = z.strictObject({
  /** Debian Policy 5.6.1. */
  name: z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/, 'must be the name of a package'),
  /** Debian Policy 5.6.12. */
  version: z.string().regex(/^[A-Za-z0-9.+:~-]+$/, 'must be a version'),
  arch: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'must be an architecture'),
  /** `main`, `security`, or the name of one of the definition's repositories. */
  from: word,
  /** The suite, as in sources.list(5). */
  suite: z.string().regex(/^[^\s'"[\]]+$/, 'must be a suite'),
  /** Below the archive's address. */
  path: z
    .string()
    .regex(/^[^\s'"]+\.deb$/, 'must be the path of a .deb file')
    .refine((path) => !path.split('/').includes('..') && !path.startsWith('/'), 'must stay in its archive'),
  /** Bytes. */
  size: z.number().int().positive(),
  sha256,
  /** By which Debian's archive of snapshots has it. */
  sha1: z
    .string()
    .regex(/^[0-9a-f]{40}$/, 'must be a SHA-1 in hexadecimal')
    .optional(),
  /** Whether the archive calls it required, which a package itself may not. */
  required: z.literal(true).optional(),
  /** The parts of a build that use it. */
  parts: z.array(z.string()).min(1),
});

/** A suite of an archive, as it was when it was locked. */
const releaseSchema = z.strictObject({
  from: word,
  suite: z.string(),
  /** Its fields Codename and Suite, by which definitions may request packages. */
  codename: z.string(),
  archive: z.string(),
  /** Its field Date. */
  date: z.iso.datetime(),
});

/** A part of a build that packages are fetched for: `packages`, `tools`, `kernel`, `build NAME`. */
const partSchema = z.strictObject({
  name: z.string(),
  /** What the definition requests of it. */
  inputs: z.record(z.string(), z.string()),
});

export const lockSchema = z.strictObject({
  format: z.literal(LOCK_FORMAT),
  /** The mkma that wrote it: a note for people. */
  mkma: z.string(),
  /** When the newest list was published: the time of locked builds (SOURCE_DATE_EPOCH). */
  time: z.iso.datetime(),
  architecture: z.string(),
  /** The name that a definition without one gets. */
  hostname: z.string(),
  parts: z.array(partSchema).min(1),
  releases: z.array(releaseSchema),
  /** Keys of repositories that a definition names by URL, in ASCII armour by fingerprint. */
  keys: z.record(z.string().regex(/^[0-9A-F]{40,64}$/), z.string()),
  /** Numbers that accounts keep. */
  accounts: z.strictObject({ users: numbers, groups: numbers, subuid: ranges, subgid: ranges }),
  packages: z.array(packageSchema),
});

export type Lockfile = z.output<typeof lockSchema>;
export type LockedPackage = Lockfile['packages'][number];
export type LockedRelease = Lockfile['releases'][number];

/** The packages of one part. */
export function packagesOf(lock: Lockfile, part: string): LockedPackage[] {
  return lock.packages.filter(({ parts }) => parts.includes(part));
}

/** A digest of what one part installs: an input of its stage. */
export function digestOfPart(lock: Lockfile, part: string): string {
  const lines = packagesOf(lock, part).map(({ name, arch, sha256: digest }) => `${name} ${arch} ${digest}`);
  return digestInputs({ packages: lines.sort().join('\n') }).slice(0, 20);
}

/** Seconds since the epoch of the newest list. */
export function epochOf({ time }: Pick<Lockfile, 'time'>): number {
  return Math.floor(Date.parse(time) / 1000);
}

/** The file's text. */
export function renderLock(lock: Lockfile): string {
  const { packages, parts, releases, keys, accounts, ...head } = lock;
  const line = (value: unknown): string => JSON.stringify(value);
  const list = (values: readonly unknown[]): string =>
    values.length === 0 ? '[]' : `[\n${values.map((value) => `    ${line(value)}`).join(',\n')}\n  ]`;
  const map = (values: Readonly<Record<string, unknown>>, indent: string): string => {
    const names = Object.keys(values).sort();
    if (names.length === 0) return '{}';
    const lines = names.map((name) => `${indent}  ${line(name)}: ${line(values[name])}`);
    return `{\n${lines.join(',\n')}\n${indent}}`;
  };
  const accountMaps = (['users', 'groups', 'subuid', 'subgid'] as const).map(
    (kind) => `    "${kind}": ${map(accounts[kind], '    ')}`,
  );
  const partTexts = parts.map(
    ({ name, inputs }) => `    { "name": ${line(name)}, "inputs": ${map(inputs, '    ')} }`,
  );
  const fields = [
    ...Object.entries(head).map(([name, value]) => `  ${line(name)}: ${line(value)}`),
    `  "parts": [\n${partTexts.join(',\n')}\n  ]`,
    `  "releases": ${list([...releases].sort(byKey(({ from, suite }) => `${from} ${suite}`)))}`,
    `  "keys": ${map(keys, '  ')}`,
    `  "accounts": {\n${accountMaps.join(',\n')}\n  }`,
    `  "packages": ${list([...packages].sort(byKey(keyOf)).map(inOrder))}`,
  ];
  return `{\n${fields.join(',\n')}\n}\n`;
}

/** A package with its fields in one order, whoever made it. */
function inOrder({
  name,
  version,
  arch,
  from,
  suite,
  path,
  size,
  sha256,
  sha1,
  required,
  parts,
}: LockedPackage) {
  return { name, version, arch, from, suite, path, size, sha256, sha1, required, parts };
}

/** Identifies a package among those of a lock. */
function keyOf({ name, arch, version }: LockedPackage): string {
  return `${name} ${arch} ${version}`;
}

/** Compares by code units, which no locale changes. */
function byKey<T>(key: (value: T) => string): (a: T, b: T) => number {
  return (a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
}
