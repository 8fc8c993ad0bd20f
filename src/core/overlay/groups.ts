/** Changes that are kept or left together, since a part of them is damaged or worthless. Pure. */
import { ancestorsOf, parentOf } from '../text/path.js';
import type { Change } from './changes.js';

export const GROUP_KINDS = ['database', 'profile', 'repository'] as const;

export interface Group {
  readonly kind: (typeof GROUP_KINDS)[number];
  /** What stands for all of it: a folder, or the file that others accompany. */
  readonly path: string;
  readonly isFolder: boolean;
  /** Whether folders in it, such as caches, may be left by themselves. */
  readonly isLoose: boolean;
  /** Its changes. */
  readonly changes: readonly Change[];
}

/** Groups by the path of each change in them. */
export type Groups = ReadonlyMap<string, Group>;

/** What SQLite has beside a database (https://sqlite.org/tempfiles.html). */
const COMPANION = /^(.+)-(?:wal|shm|journal)$/;

/** Programs have a folder for each profile in these. */
const PROFILES =
  /(^|\/)(\.mozilla\/firefox|\.config\/mozilla\/firefox|\.librewolf|\.waterfox|\.thunderbird)\/(?!(?:Crash Reports|Pending Pings|Profile Groups)$)[^/]+$/;
/** All profiles of a browser of this family share keys with the folder above them. */
const CHROMIUM =
  /(^|\/)(?:\.config|\.var\/app\/[^/]+\/config)\/(?:chromium|google-chrome[^/]*|BraveSoftware\/Brave-Browser|microsoft-edge[^/]*|vivaldi|opera)$/;
const REPOSITORY = /(^|\/)\.(?:git|hg|svn|bzr)$/;

/**
 * Files that a folder of a database has: PostgreSQL's and MariaDB's, and those of LevelDB and RocksDB
 * (https://github.com/google/leveldb/blob/main/doc/impl.md).
 */
const DATABASES: readonly (readonly string[])[] = [['PG_VERSION'], ['ibdata1'], ['CURRENT', 'LOG', 'LOCK']];

/** Packages own what is below these, and have no such folders there. */
const ELSEWHERE = /^(usr|etc|boot)(\/|$)/;

type Face = Omit<Group, 'changes'>;

/** The groups of changes. `isFile`: whether there is a file at a path now, relative to the root. */
export function findGroups(changes: readonly Change[], isFile: (path: string) => boolean): Groups {
  const moved = new Set(changes.flatMap(({ kind, path }) => (kind === 'moved' ? [path] : [])));
  const now = new Map(
    changes.flatMap(({ path, entry }) => (entry === undefined ? [] : [[path, entry.type]])),
  );
  const has = (path: string): boolean => (now.has(path) ? now.get(path) === 'f' : isFile(path));
  const roots = new Map<string, Face | undefined>([['.', undefined]]);
  const rootOf = (folder: string): Face | undefined => {
    if (roots.has(folder)) return roots.get(folder);
    const found = rootOf(parentOf(folder)) ?? folderFace(folder, has);
    roots.set(folder, found);
    return found;
  };
  const gone = new Set(
    changes.flatMap(({ path, entry, before }) => (entry === undefined && before === 'f' ? [path] : [])),
  );
  const hasMain = (path: string): boolean => gone.has(path) || has(path);
  const mains = new Set(changes.flatMap(({ path }) => mainOf(path, hasMain) ?? []));
  const groups = new Map<string, Group & { readonly changes: Change[] }>();
  const members = new Map<string, Group>();
  for (const change of changes) {
    const { path, partOf, kind, entry, before } = change;
    if (path === '.' || kind === 'moved' || partOf !== undefined) continue;
    if (moved.size > 0 && ancestorsOf(path).some((above) => moved.has(above))) continue;
    const isFolder = (entry?.type ?? before) === 'd';
    // A folder that is gone is one change.
    const face =
      rootOf(isFolder && entry !== undefined ? path : parentOf(path)) ??
      (isFolder || mains.size === 0 ? undefined : fileFace(path, mains, hasMain));
    if (face === undefined) continue;
    const group = groups.get(face.path) ?? { ...face, changes: [] };
    groups.set(face.path, group);
    group.changes.push(change);
    members.set(path, group);
  }
  return members;
}

function folderFace(path: string, has: (path: string) => boolean): Face | undefined {
  const face = (kind: Group['kind'], isLoose: boolean): Face => ({ kind, path, isLoose, isFolder: true });
  if (PROFILES.test(path) || CHROMIUM.test(path)) return face('profile', true);
  if (REPOSITORY.test(path)) return face('repository', false);
  if (ELSEWHERE.test(path)) return undefined;
  const isDatabase = DATABASES.some((names) => names.every((name) => has(`${path}/${name}`)));
  return isDatabase ? face('database', false) : undefined;
}

/** The database that a file accompanies. */
function mainOf(path: string, has: (path: string) => boolean): string | undefined {
  if (!/[ml]$/.test(path.slice(-1))) return undefined;
  const main = COMPANION.exec(path)?.[1];
  return main !== undefined && !main.endsWith('/') && has(main) ? main : undefined;
}

function fileFace(
  path: string,
  mains: ReadonlySet<string>,
  has: (path: string) => boolean,
): Face | undefined {
  const main = mains.has(path) ? path : mainOf(path, has);
  return main === undefined ? undefined : { kind: 'database', path: main, isLoose: false, isFolder: false };
}

/** Changes with all that belongs to the groups of some of them, among `all`. */
export function withGroups(all: readonly Change[], groups: Groups, isChosen: (path: string) => boolean) {
  const faces = new Set<string>();
  for (const [path, { path: face }] of groups) if (isChosen(path)) faces.add(face);
  return all.filter(({ path }) => isChosen(path) || faces.has(groups.get(path)?.path ?? ''));
}
