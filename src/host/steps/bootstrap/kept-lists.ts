/**
 * apt's lists, kept between builds: `lists/NAME.TIME/` in the cache has those of one suite of one mirror,
 * with the signed file that vouches for them. A newer folder replaces an older one: each is consistent.
 */
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { ok, type Problem, type Result } from '../../../core/result.js';
import { prepareCache } from '../../stages/cache-folders.js';
import { sha256Of } from '../../sys/digest.js';
import { flush, giveTo } from '../../sys/files.js';
import { waitLock } from '../../sys/lock.js';
import { removeTree } from '../../sys/remove.js';
import { makeScratch } from '../../sys/scratch.js';
import { parseRelease, type Release } from '../../tools/release-file.js';

/** Folder of the cache. */
const LISTS = 'lists';

/** The lists of one suite, in one folder. */
interface Suite {
  /** The beginning of apt's names of its files. */
  readonly name: string;
  readonly folder: string;
  readonly files: readonly string[];
  readonly release: Release;
}

/** Whether a file describes a suite, and the name of that suite's lists. */
const RELEASE = /^(.+)_(?:In)?Release$/;

/** Reads what lies in a folder; `undefined`: nothing that describes lists. */
function readSuite(folder: string, name: string, all: readonly string[]): Suite | undefined {
  const files = all.filter(
    (file) => file.startsWith(`${name}_`) && /_(InRelease|Release|Release\.gpg|Packages)$/.test(file),
  );
  const described = [`${name}_InRelease`, `${name}_Release`].find((file) => files.includes(file));
  if (described === undefined) return undefined;
  return { name, folder, files, release: parseRelease(readFileSync(join(folder, described), 'utf8')) };
}

/** The suites of kept lists, the newest of each; others are older, or incomplete. */
function keptSuites(cache: string): Suite[] {
  const parent = join(cache, LISTS);
  if (!existsSync(parent)) return [];
  const found = new Map<string, Suite>();
  for (const entry of readdirSync(parent).sort().reverse()) {
    const name = /^([^.].*)\.\d{13}$/.exec(entry)?.[1];
    if (name === undefined || entry.startsWith('scratch-') || found.has(name)) continue;
    const folder = join(parent, entry);
    const suite = readSuite(folder, name, readdirSync(folder));
    if (suite !== undefined) found.set(name, suite);
  }
  return [...found.values()];
}

/** Nobody replaces lists while others link them. */
async function alone<T>(
  cache: string,
  signal: AbortSignal,
  work: () => Promise<Result<T>>,
): Promise<Result<T>> {
  mkdirSync(join(cache, 'locks'), { recursive: true });
  const lock = await waitLock(join(cache, 'locks', `${LISTS}.lock`), signal, () => undefined);
  if (!lock.ok) return lock;
  using _held = lock.value;
  return await work();
}

/** Which lists are brought, and how. */
export interface Bringing {
  /** Beginnings of their names: those of the mirrors in use. */
  readonly prefixes: readonly string[];
  readonly signal: AbortSignal;
  readonly warn: (problem: Problem) => void;
}

/** Links kept lists into a folder; damaged ones are removed instead. Resolves to what was brought. */
export async function bringLists(cache: string, into: string, how: Bringing): Promise<Result<Release[]>> {
  return alone(cache, how.signal, async () => {
    const brought: Release[] = [];
    const own = keptSuites(cache).filter(({ name }) =>
      how.prefixes.some((prefix) => name.startsWith(prefix)),
    );
    for (const suite of own) {
      const { folder, files, release } = suite;
      const damaged = await damagedFile(suite, how.signal);
      if (damaged !== undefined) {
        how.warn(damagedLists(join(folder, damaged)));
        removeTree(folder);
        continue;
      }
      for (const file of files) linkSync(join(folder, file), join(into, file));
      utimesSync(folder, new Date(), new Date());
      brought.push(release);
    }
    return ok(brought);
  });
}

/** A list whose digest is not the one that its suite names. */
async function damagedFile(
  { name, folder, files, release }: Suite,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const file of files.filter((each) => each.endsWith('_Packages'))) {
    const known = release.digests.get(file.slice(name.length + 1).replaceAll('_', '/'));
    if (known !== undefined && (await sha256Of(join(folder, file), { signal })) !== known) return file;
  }
  return undefined;
}

function damagedLists(where: string): Problem {
  return {
    code: 'cache-damaged',
    what: 'kept lists are damaged',
    where,
    why: 'their digest is not the one in the file that the mirror signed',
    next: 'nothing: they are removed and fetched again; if it happens again, check the disk of the cache',
  };
}

/** Keeps the lists that apt left in a folder, after it has verified them. */
export async function keepLists(cache: string, from: string, signal: AbortSignal): Promise<Result<void>> {
  const all = readdirSync(from);
  const names = new Set(all.flatMap((file) => RELEASE.exec(file)?.[1] ?? []));
  return alone(cache, signal, async () => {
    const kept = new Map(keptSuites(cache).map((suite) => [suite.name, suite]));
    for (const name of names) {
      const suite = readSuite(from, name, all);
      if (suite === undefined) continue;
      const done = await keepSuite(cache, suite, kept.get(name), signal);
      if (!done.ok) return done;
    }
    return ok();
  });
}

async function keepSuite(
  cache: string,
  suite: Suite,
  old: Suite | undefined,
  signal: AbortSignal,
): Promise<Result<void>> {
  const same = old !== undefined && isSame(suite, old);
  if (same && suite.files.every((file) => old.files.includes(file))) return ok();
  // Another build may have met a newer mirror meanwhile.
  if (!same && old !== undefined && (old.release.date ?? 0) > (suite.release.date ?? 0)) return ok();
  const usable = prepareCache(cache);
  if (!usable.ok) return usable;
  const owner = usable.value;
  const parent = join(cache, LISTS);
  const scratch = await makeScratch(parent, signal);
  if (!scratch.ok) return scratch;
  try {
    const made = join(scratch.value.path, 'suite');
    mkdirSync(made);
    for (const file of suite.files) linkSync(join(suite.folder, file), join(made, file));
    // Of other components or architectures.
    const further = same ? old.files.filter((file) => !suite.files.includes(file)) : [];
    for (const file of further) linkSync(join(old?.folder ?? '', file), join(made, file));
    for (const file of readdirSync(made)) {
      giveTo(join(made, file), owner);
      flush(join(made, file));
    }
    giveTo(made, owner);
    renameSync(made, join(parent, `${suite.name}.${Date.now()}`));
    flush(parent);
    for (const entry of readdirSync(parent)) {
      const isOld = entry.startsWith(`${suite.name}.`) && /^\d{13}$/.test(entry.slice(suite.name.length + 1));
      const newest = keptSuites(cache).find(({ name }) => name === suite.name)?.folder;
      if (isOld && join(parent, entry) !== newest) removeTree(join(parent, entry));
    }
    return ok();
  } finally {
    scratch.value.remove();
  }
}

/** Whether both are described by the same file. */
function isSame(a: Suite, b: Suite): boolean {
  const described = ({ folder, name, files }: Suite): Buffer[] =>
    files
      .filter((file) => /^_(In)?Release$/.test(file.slice(name.length)))
      .map((file) => readFileSync(join(folder, file)));
  const [own, other] = [described(a), described(b)];
  return own.length === other.length && own.every((bytes, i) => other[i]?.equals(bytes));
}
