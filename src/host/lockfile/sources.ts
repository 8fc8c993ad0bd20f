/** Where the files of a lock are fetched from. Pure. */
import type { LockedPackage, Lockfile } from './schema.js';

/** Addresses of archives: `main`, `security`, and the definition's repositories by name. */
export type Archives = Readonly<Record<string, string>>;

/** Where archives may no longer have a file of theirs. */
export interface Place {
  readonly url: string;
  /** For people. */
  readonly name: string;
}

/** Folders of Debian's archives in its archive of snapshots. */
const SNAPSHOT_ARCHIVES: Readonly<Record<string, string>> = {
  main: 'debian',
  security: 'debian-security',
};

/** The address of a package in its own archive; `undefined`: the definition has no such archive. */
export function addressIn(archives: Archives, { from, path }: LockedPackage): string | undefined {
  const archive = Object.hasOwn(archives, from) ? archives[from] : undefined;
  return archive === undefined ? undefined : `${archive.replace(/\/+$/, '')}/${path}`;
}

/**
 * The places of a package in the archive of snapshots, best first: by its SHA-1, else in the snapshot of the
 * time of the lock. Other archives than Debian's have none.
 */
export function snapshotPlaces(
  snapshot: string,
  lock: Pick<Lockfile, 'releases'>,
  { from, path, sha1 }: LockedPackage,
): Place[] {
  const archive = Object.hasOwn(SNAPSHOT_ARCHIVES, from) ? SNAPSHOT_ARCHIVES[from] : undefined;
  if (archive === undefined) return [];
  const root = snapshot.replace(/\/+$/, '');
  const dates = lock.releases.filter((one) => one.from === from).map(({ date }) => Date.parse(date));
  const urls = [
    ...(sha1 === undefined ? [] : [`${root}/file/${sha1}`]),
    ...(dates.length === 0 ? [] : [`${root}/archive/${archive}/${stamp(Math.max(...dates))}/${path}`]),
  ];
  return urls.map((url) => ({ url, name: url }));
}

/** `20260801T000000Z`, as snapshots are named. */
function stamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/[-:]|\.\d+/g, '');
}

/** The name that apt gives a file in its archives folder: flAbsPath, QuoteString of "_:%" (apt-pkg). */
export function keptName({ name, version, arch }: Pick<LockedPackage, 'name' | 'version' | 'arch'>): string {
  const quoted = version.replace(/[_:%]/g, (ch) => `%${ch.charCodeAt(0).toString(16)}`);
  return `${name}_${quoted}_${arch}.deb`;
}
