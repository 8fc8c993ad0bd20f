/** Makes a lock: what a build would fetch now, by digest, and what else has to be the same on every host. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AccountNumbers } from '../../core/records/kept-numbers.js';
import { numbersToKeep } from '../../core/records/kept-numbers.js';
import { err, ok, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { misfits, type RequestedPart, requestedInputs } from '../lockfile/compare.js';
import { LOCK_FORMAT, type LockedPackage, type LockedRelease, type Lockfile } from '../lockfile/schema.js';
import { keptName } from '../lockfile/sources.js';
import { stage } from '../stage.js';
import { BuildState } from '../stages/build-state.js';
import { recordsFile } from '../stages/publishing.js';
import { hashFile } from '../sys/digest.js';
import { makeScratch } from '../sys/scratch.js';
import { plainFingerprint } from '../tools/openpgp/keys.js';
import { lockedName } from './bootstrap/from-lock.js';
import { kernelPart } from './bootstrap/kernel.js';
import { fetchKeys, keyReader } from './bootstrap/keys.js';
import { lockedDebs } from './bootstrap/locked-debs.js';
import { packagesPart } from './bootstrap/packages.js';
import type { Part } from './bootstrap/part.js';
import { type Kept, resolvePart } from './bootstrap/resolve.js';
import { toolsPart } from './bootstrap/tools.js';
import { buildToolsPart } from './builds.js';
import { NO_NUMBERS, recordedNumbers } from './last-numbers.js';
import type { BuildSettings } from './settings.js';

/** The parts of a build that packages are fetched for. */
async function partsOf(settings: BuildSettings, context: Context): Promise<Result<Part[]>> {
  const packages = await packagesPart(settings, context);
  if (!packages.ok) return packages;
  const parts = [packages.value, toolsPart(settings)];
  const kernel = kernelPart(settings);
  if (kernel !== undefined) parts.push(kernel);
  for (const [i, build] of settings.machine.builds.entries()) {
    const tools = await buildToolsPart(settings, build, i, undefined, context);
    if (!tools.ok) return tools;
    parts.push(tools.value);
  }
  return ok(parts);
}

/** What the lock has to answer. */
function requestsOf(parts: readonly Part[]): RequestedPart[] {
  return parts.map((part) => ({ name: lockedName(part), inputs: requestedInputs(part.inputs) }));
}

/** Fails if a lock does not answer what the definition requests now. */
export async function requireFit(
  settings: BuildSettings,
  lock: Lockfile,
  path: string,
  context: Context,
): Promise<Result<void>> {
  const differences = await differencesOf(settings, lock, context);
  if (!differences.ok) return differences;
  if (differences.value.length === 0) return ok();
  const made =
    lock.mkma === settings.version ? [] : [`mkma ${lock.mkma} made it, this is ${settings.version}`];
  return err({
    code: 'lock-misfit',
    kind: 'usage',
    what: 'the lock does not fit the definition',
    where: path,
    why: [...differences.value, ...made].join('\n'),
    next: 'mkma lock adapts it and keeps the other versions; mkma build --no-lock ignores it',
  });
}

/** What a lock does not answer, as lines for people. */
export async function differencesOf(
  settings: BuildSettings,
  lock: Lockfile,
  context: Context,
): Promise<Result<string[]>> {
  // With a key of the lock itself, none of which has to be fetched.
  const parts = await partsOf({ ...settings, lock }, context);
  if (!parts.ok) return parts;
  const other =
    lock.architecture === settings.architecture
      ? []
      : [`architecture: ${lock.architecture} => ${settings.architecture}`];
  return ok([...other, ...misfits(lock, requestsOf(parts.value))]);
}

/** A kernel that other hosts do not have cannot be locked. */
export function requireLockable({ machine }: Pick<BuildSettings, 'machine'>): Result<void> {
  if (machine.kernel.from === 'debian') return ok();
  const host = machine.kernel.from === 'host';
  return err({
    code: 'lock-kernel',
    kind: 'usage',
    what: host ? "the building host's kernel cannot be locked" : 'a kernel from files cannot be locked',
    where: `kernel: ${machine.kernel.from}`,
    why: 'another host does not have it, and no archive does',
    next: "use one of Debian's: --kernel debian; or build without a lock: mkma build --no-lock",
    field: ['kernel'],
  });
}

/** Fetches lists and packages, and resolves to the new lock. `previous` keeps its versions unless free. */
export async function makeLock(
  settings: BuildSettings,
  previous: Lockfile | undefined,
  kept: Kept | undefined,
  context: Context,
): Promise<Result<Lockfile>> {
  const keys = await fetchKeys(settings, context);
  if (!keys.ok) return keys;
  const parts = await partsOf(settings, context);
  if (!parts.ok) return parts;
  const packages = new Map<string, LockedPackage>();
  const releases = new Map<string, LockedRelease>();
  for (const part of parts.value) {
    const name = lockedName(part);
    const outcome = (found: { readonly packages: readonly unknown[] }) => `${found.packages.length} packages`;
    const work = () => resolvePart(settings, part, kept, context);
    const resolved = await stage(context, name, 'asking the mirror', work, outcome);
    if (!resolved.ok) return resolved;
    for (const one of resolved.value.packages) {
      const known = packages.get(one.sha256);
      packages.set(one.sha256, { ...(known ?? one), parts: [...(known?.parts ?? []), name] });
    }
    // Of several parts the newest: its archive of snapshots has all of them.
    for (const one of resolved.value.releases) {
      const key = `${one.from} ${one.suite}`;
      if ((releases.get(key)?.date ?? '') < one.date) releases.set(key, one);
    }
  }
  const all = [...packages.values()];
  const used = [...releases.values()];
  const digests = await fetchAll(settings, all, used, context);
  if (!digests.ok) return digests;
  const newest = used
    .map(({ date }) => date)
    .sort()
    .at(-1);
  if (newest === undefined) throw new Error('apt knows no suite with a date');
  return ok({
    format: LOCK_FORMAT,
    mkma: settings.version,
    time: newest,
    architecture: settings.architecture,
    hostname: settings.machine.hostname,
    parts: requestsOf(parts.value).map(({ name, inputs }) => ({ name, inputs: { ...inputs } })),
    releases: used,
    keys: keysOf(settings),
    accounts: accountsOf(settings, previous),
    packages: all.map((one) => ({ ...one, sha1: digests.value.get(one.sha256) })),
  });
}

/** Fetches all packages into the cache, where the next build takes them; resolves to SHA-1 by SHA-256. */
async function fetchAll(
  settings: BuildSettings,
  packages: readonly LockedPackage[],
  releases: readonly LockedRelease[],
  context: Context,
): Promise<Result<Map<string, string>>> {
  const scratch = await makeScratch(join(settings.cache, 'tmp'), context.signal);
  if (!scratch.ok) return scratch;
  try {
    const [folder, own] = ['locked', 'fetched'].map((name) => join(scratch.value.path, name)) as [
      string,
      string,
    ];
    const request = {
      settings,
      lock: { releases: [...releases] },
      packages,
      folder,
      scratch: own,
      stage: 'lock',
    };
    const fetched = await stage(context, 'lock', `fetching ${packages.length} packages`, () =>
      lockedDebs(request, context),
    );
    if (!fetched.ok) return fetched;
    const digests = new Map<string, string>();
    for (const one of packages) {
      const hash = createHash('sha1');
      await hashFile(hash, join(folder, keptName(one)), { signal: context.signal });
      digests.set(one.sha256, hash.digest('hex'));
    }
    return ok(digests);
  } finally {
    scratch.value.remove();
  }
}

/** Keys that are fetched, by fingerprint. */
function keysOf(settings: BuildSettings): Record<string, string> {
  const read = keyReader(settings);
  const keys = Object.values(settings.machine.repositories).flatMap(({ key }) =>
    typeof key === 'string' ? [] : [[plainFingerprint(key.fingerprint), read(key)] as const],
  );
  return Object.fromEntries(keys);
}

/** Numbers of the lock before, and of the base that was built last. */
function accountsOf({ output, owner }: BuildSettings, previous: Lockfile | undefined): AccountNumbers {
  const file = recordsFile(output);
  const built = existsSync(file) ? recordedNumbers(BuildState.read(file, owner)) : undefined;
  const before = previous?.accounts ?? NO_NUMBERS;
  return built === undefined ? before : numbersToKeep(built, before);
}
