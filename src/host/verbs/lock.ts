/** `mkma lock`: writes what a build fetches, by digest, beside the definition. */
import { existsSync } from 'node:fs';
import { ok, type Result, usage } from '../../core/result.js';
import { nearestOf } from '../../core/text/nearest.js';
import type { Context } from '../context.js';
import { changeLines, packageChanges, type VersionChange } from '../lockfile/compare.js';
import { lockPath, readLock, writeLock } from '../lockfile/file.js';
import { type Lockfile, renderLock } from '../lockfile/schema.js';
import type { Kept } from '../steps/bootstrap/resolve.js';
import { differencesOf, makeLock, requireLockable } from '../steps/lock.js';
import type { BuildSettings } from '../steps/settings.js';
import { compareVersions } from '../tools/deb-version.js';
import { hostDependence, withHostname } from './use-lock.js';

export interface LockOptions {
  /** Names of packages to update; `true`: all. */
  readonly update: true | readonly string[] | undefined;
  /** Whether the hostname is this host's. */
  readonly unnamed: boolean;
}

export interface LockResult {
  readonly path: string;
  /** Whether the file was written. */
  readonly changed: boolean;
  readonly packages: number;
  readonly changes: readonly VersionChange[];
  readonly lines: readonly string[];
}

/** Makes or updates the lock. The old one stays until the new one is complete. */
export async function lock(
  asked: BuildSettings,
  options: LockOptions,
  context: Context,
): Promise<Result<LockResult>> {
  const path = lockPath(asked.source.file);
  const lockable = requireLockable(asked);
  if (!lockable.ok) return lockable;
  const all = options.update === true;
  const read = readLock(path);
  // It is replaced whole.
  const unreadable = !read.ok && all;
  if (!read.ok && !all) return read;
  if (unreadable) context.emit({ type: 'note', text: `${path} cannot be read and is written again` });
  const previous = read.ok ? read.value : undefined;
  const settings = previous === undefined ? asked : withHostname(asked, previous, options.unnamed);
  const names = Array.isArray(options.update) ? options.update : [];
  const known = requireKnown(names, previous, path);
  if (!known.ok) return known;
  for (const problem of hostDependence(settings)) context.emit({ type: 'warning', problem });
  if (previous !== undefined && options.update === undefined) {
    const differences = await differencesOf(settings, previous, context);
    if (!differences.ok) return differences;
    if (differences.value.length === 0) return ok(unchanged(path, previous));
    for (const line of differences.value) context.emit({ type: 'note', text: line });
  }
  const kept: Kept | undefined =
    previous === undefined || all ? undefined : { lock: previous, isFree: (name) => names.includes(name) };
  const made = await makeLock(settings, previous, kept, context);
  if (!made.ok) return made;
  return ok(written(path, previous, made.value, asked));
}

function requireKnown(names: readonly string[], previous: Lockfile | undefined, path: string): Result<void> {
  const known = new Set(previous?.packages.map(({ name }) => name) ?? []);
  const unknown = names.find((name) => !known.has(name));
  if (unknown === undefined) return ok();
  const near = nearestOf(unknown, [...known]);
  return usage({
    code: 'not-locked',
    what: 'the lock does not have this package',
    where: unknown,
    why: existsSync(path) ? `no package of this name is in ${path}` : `there is no ${path} yet`,
    next: near === undefined ? 'mkma lock --update updates all packages' : `did you mean ${near}?`,
    ...(near === undefined ? {} : { suggestion: near }),
  });
}

function unchanged(path: string, lockfile: Lockfile): LockResult {
  const lines = [
    `${path} fits the definition: ${lockfile.packages.length} packages, as of ${dateOf(lockfile)} (--update asks the mirror for newer ones)`,
  ];
  return { path, changed: false, packages: lockfile.packages.length, changes: [], lines };
}

function written(
  path: string,
  previous: Lockfile | undefined,
  made: Lockfile,
  { owner }: BuildSettings,
): LockResult {
  const changes = packageChanges(previous, made);
  // Newer lists with the same packages give the same machine.
  const same = previous !== undefined && changes.length === 0 && equalBut(previous, made);
  const changed = same ? false : writeLock(path, made, owner);
  const count = made.packages.length;
  const lines = same
    ? [`${path}: nothing changed, ${count} packages as of ${dateOf(previous)}`]
    : [
        ...(previous === undefined ? [] : changeLines(changes, (from, to) => compareVersions(from, to) < 0)),
        `${path}: ${count} packages, as of ${dateOf(made)}`,
      ];
  return { path, changed, packages: count, changes, lines };
}

/** Whether two locks differ in nothing but their time, and which mkma wrote them. */
function equalBut(a: Lockfile, b: Lockfile): boolean {
  const plain = (one: Lockfile): string => renderLock({ ...one, time: '', mkma: '', releases: [] });
  return plain(a) === plain(b);
}

function dateOf({ time }: Lockfile): string {
  return `${time.slice(0, 16).replace('T', ' ')} UTC`;
}
