/**
 * Files that both base and layers write, accounts and dpkg's database: which of them an image contains, and
 * what a layer was made on. On top of others, a layer's copy would hide accounts and packages of the base.
 */
import { aclIds } from '../archive/acl.js';
import type { FileAttributes } from '../archive/attributes.js';
import type { TreeEntry } from '../archive/tree.js';
import type { Problem } from '../result.js';
import { quoteName } from '../text/path.js';
import type { Entries } from './database.js';
import type { Delta } from './delta.js';
import { inRange } from './ranges.js';

/** Files that belong together: if a layer contains one of them, all must be as they were below it. */
const GROUPS = {
  accounts: ['etc/group', 'etc/gshadow', 'etc/passwd', 'etc/shadow', 'etc/subgid', 'etc/subuid'],
  packages: [
    ...['var/lib/dpkg/arch', 'var/lib/dpkg/diversions', 'var/lib/dpkg/statoverride', 'var/lib/dpkg/status'],
    'var/lib/dpkg/triggers/File',
  ],
} as const;
type Group = keyof typeof GROUPS;

/** All of them, relative to the root. */
export const RECORD_FILES: readonly string[] = Object.values(GROUPS).flat();

/** The files that map numbers to names. */
export const NAME_FILES = { users: 'etc/passwd', groups: 'etc/group' } as const;
type Kind = keyof typeof NAME_FILES;
const KINDS: readonly Kind[] = ['users', 'groups'];
/** The files that assign ranges of numbers to accounts. */
export const RANGE_FILES = { users: 'etc/subuid', groups: 'etc/subgid' } as const;
/** Larger numbers belong to ranges, if to anything (adduser.conf(5), login.defs(5)). */
const LAST_PLAIN = 65_535;

/** SHA-256 of files by path, in hexadecimal; `null`: absent, {@link NO_FILE}: not a regular file. */
export type Digests = Readonly<Record<string, string | null>>;
export const NO_FILE = 'other';
/** Of a view: early boot composes the file from what the layers have of it. */
const COMPOSED = 'composed';
/** Names by numbers. */
export type Names = Readonly<Record<string, string>>;

/** What an image has of these files. */
export interface Records {
  /** Of a base all of them; of a layer those that it contains or deletes. */
  readonly files: Digests;
  /** Names of users and groups, if the image contains the file that maps them. */
  readonly users?: Names;
  readonly groups?: Names;
  /** Of a layer: the files it was made on, as far as they matter to it. */
  readonly below?: Digests;
  /** Of a layer: what of its files with several owners is its own, by path. */
  readonly own?: Readonly<Record<string, Delta>>;
  /**
   * Of a layer: the owners of its files, by number, as its view had them; `null`: the number had no name;
   * `NAME:N`: it is the Nth, from 0, of those that subuid(5) or subgid(5) gave to NAME. Root is not listed.
   */
  readonly owners?: Readonly<Record<Kind, Readonly<Record<string, string | null>>>>;
}

/**
 * The part of a file's content that counts: not the days of the last change in shadow(5), which are those of
 * a build.
 */
export function comparable(path: string, content: string): string {
  return path === 'etc/shadow' ? content.replace(/^([^:\n]*:[^:\n]*):[1-9]\d*:/gm, '$1:#:') : content;
}

/** Whether all of a file's content counts. */
export function isPlain(path: string): boolean {
  return path !== 'etc/shadow';
}

/** Names by numbers from passwd(5) or group(5); the first of several counts, as in getpwuid(3). */
export function parseNames(text: string): Names {
  const names = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [name = '', , number = ''] = line.split(':');
    if (name !== '' && /^\d{1,10}$/.test(number) && !names.has(number)) names.set(number, name);
  }
  return Object.fromEntries(names);
}

/** The files that an image contains or deletes, as absolute paths; of a base, those that it contains. */
export function recordFiles({ files, below }: Records): string[] {
  return Object.keys(files)
    .filter((path) => below !== undefined || files[path] !== null)
    .map((path) => `/${path}`);
}

/** What is known of the view at some height of a chain. Absent means unknown. */
export type RecordState = Pick<Records, 'files' | 'users' | 'groups'>;

/** The view with one more image on it; `undefined`: its files are unknown. */
export function stacked(below: RecordState, image: Records | undefined): RecordState {
  if (image === undefined) return { files: {} };
  const composed = (path: string): boolean => {
    const [madeOn, here] = [image.below?.[path], below.files[path]];
    const differs = madeOn !== undefined && here !== undefined && madeOn !== here;
    return image.own?.[path] !== undefined && (differs || here === COMPOSED);
  };
  const names = (kind: Kind): Partial<Record<Kind, Names>> => {
    const path = NAME_FILES[kind];
    if (composed(path)) return {};
    const found = Object.hasOwn(image.files, path) ? (image[kind] ?? {}) : below[kind];
    return found === undefined ? {} : { [kind]: found };
  };
  const files = Object.entries(image.files).map(([path, digest]) => [
    path,
    composed(path) ? COMPOSED : digest,
  ]);
  return { files: { ...below.files, ...Object.fromEntries(files) }, ...names('users'), ...names('groups') };
}

/** What is known of the accounts of a layer's view. */
export interface ViewNames extends Pick<Records, Kind> {
  /** The files that assign ranges. */
  readonly ranges: Readonly<Record<Kind, Entries>>;
  /** Primary groups of users that the layer adds or changes. */
  readonly primary: readonly number[];
}

/** The owners of a layer's entries, including those that ACLs name, and the groups of its users. */
export function ownersOf(
  tree: readonly TreeEntry[],
  attributes: readonly FileAttributes[],
  names: ViewNames,
): NonNullable<Records['owners']> {
  const ids = {
    users: new Set(tree.map(({ uid }) => uid)),
    groups: new Set([...tree.map(({ gid }) => gid), ...names.primary]),
  };
  for (const { values } of attributes) {
    const found = aclIds(values);
    for (const kind of KINDS) for (const id of found[kind]) ids[kind].add(id);
  }
  const named = (kind: Kind): Record<string, string | null> =>
    Object.fromEntries(
      [...ids[kind]]
        .filter((id) => id !== 0)
        .sort((a, b) => a - b)
        .map((id) => [String(id), names[kind]?.[String(id)] ?? inRange(names.ranges[kind], id) ?? null]),
    );
  return { users: named('users'), groups: named('groups') };
}

/** What a layer records of the view that it is made on. */
export function belowOf(files: Digests, owners: NonNullable<Records['owners']>, state: RecordState): Digests {
  const wanted = new Set<string>();
  for (const group of Object.values(GROUPS)) {
    if (group.some((path) => Object.hasOwn(files, path))) for (const path of group) wanted.add(path);
  }
  for (const kind of KINDS) if (inRanges(owners[kind]).length > 0) wanted.add(RANGE_FILES[kind]);
  return Object.fromEntries(
    [...wanted].sort().flatMap((path) => {
      const digest = state.files[path];
      return digest === undefined ? [] : [[path, digest]];
    }),
  );
}

/** Numbers without a name that can only belong to a range. */
function inRanges(owners: Readonly<Record<string, string | null>>): string[] {
  return Object.keys(owners).filter((id) => owners[id] === null && Number(id) > LAST_PLAIN);
}

/** How a layer fits the view below it. */
export interface Fit {
  /** Why it must not be applied there. */
  readonly problem?: Problem;
  /** Warnings, if it is applied anyway. */
  readonly warnings: readonly string[];
}

/** The layer to judge. */
export interface JudgedLayer {
  readonly name: string;
  /** Its file, for people. */
  readonly file: string;
  readonly records: Records;
}

/** Judges a layer by the view below it. Whatever is unknown counts in favour of the layer. */
export function fitOf({ name, file, records }: JudgedLayer, state: RecordState): Fit {
  const next =
    'build the base with what the layer contains, or make and save the change again, then drop the layer: ' +
    `mkma layers drop ${quoteName(name)}\nor apply it anyway, to recover its files: mkma_layers=!${name} in the boot loader`;
  for (const group of Object.keys(GROUPS) as Group[]) {
    const why = otherRecords(group, records, state);
    if (why !== undefined) {
      const what = `the layer was made on ${group} that differ from those below it`;
      return { problem: { code: `layer-other-${group}`, what, where: file, why, next }, warnings: [] };
    }
  }
  const { others, gone } = compareOwners(records, state);
  if (others.length > 0) {
    const why = `its files would belong to somebody else: ${listed(others)}`;
    const what = 'user or group IDs in the layer belong to different accounts here';
    return { problem: { code: 'layer-other-owners', what, where: file, why, next }, warnings: [] };
  }
  return {
    warnings: gone.length === 0 ? [] : [`it has files of accounts that do not exist here: ${listed(gone)}`],
  };
}

const LOST: Readonly<Record<Group, string>> = {
  accounts: 'accounts would be missing, and their files would belong to whoever has their IDs',
  packages: 'dpkg would not know what is installed',
};

/** Why files of a group cannot be applied here. Those of which the layer's own records are known can. */
function otherRecords(
  group: Group,
  { files, below, own: known = {} }: Records,
  state: RecordState,
): string | undefined {
  const paths: readonly string[] = GROUPS[group];
  const own = paths.filter((path) => Object.hasOwn(files, path) && known[path] === undefined);
  if (own.length === 0 || below === undefined) return undefined;
  const differing = paths.filter(
    (path) =>
      below[path] !== undefined && state.files[path] !== undefined && below[path] !== state.files[path],
  );
  if (differing.length === 0) return undefined;
  const shown = (list: readonly string[]): string => list.map((path) => `/${path}`).join(', ');
  return `it contains ${shown(own)}, and was made where ${shown(differing)} had other content: ${LOST[group]}`;
}

/**
 * Numbers whose account is not known, and numbers whose account does not exist here, in words. Others follow
 * their account's name.
 */
function compareOwners(records: Records, state: RecordState): { others: string[]; gone: string[] } {
  const others: string[] = [];
  const gone: string[] = [];
  for (const kind of KINDS) {
    const owners = records.owners?.[kind] ?? {};
    const names = state[kind];
    // A layer with its own names is on top of those that it was made on.
    if (names === undefined || Object.hasOwn(records.files, NAME_FILES[kind])) continue;
    const one = kind === 'users' ? 'user' : 'group';
    const here = new Set(Object.values(names));
    for (const [id, before] of Object.entries(owners)) {
      if (before !== null && !before.includes(':') && !here.has(before))
        gone.push(`${one} ${id} (${quoteName(before)})`);
    }
    const range = RANGE_FILES[kind];
    const [before, now] = [records.below?.[range], state.files[range]];
    const [first] = inRanges(owners);
    if (first !== undefined && before !== undefined && now !== undefined && before !== now) {
      others.push(
        `${one} ${first} and others like it are from a range in /${range}, which had other content`,
      );
    }
  }
  return { others, gone };
}

/** The first few, in words. */
function listed(words: readonly string[]): string {
  const MOST = 5;
  const more = words.length > MOST ? `; and ${words.length - MOST} more` : '';
  return words.slice(0, MOST).join('; ') + more;
}
