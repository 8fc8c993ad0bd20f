/**
 * The cache of stages that do not depend on one output folder: one folder for each entry, named after the
 * digest of its inputs and its time. Entries never change; a newer one of the same inputs replaces them.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { ok, type Result } from '../../core/result.js';
import { sha256Of } from '../sys/digest.js';
import { flush, giveTo, type Owner, writeFileWhole } from '../sys/files.js';
import { waitLock } from '../sys/lock.js';
import { removeTree } from '../sys/remove.js';
import { makeScratch } from '../sys/scratch.js';
import { digestInputs, type Inputs } from './build-state.js';
import { prepareCache } from './cache-folders.js';

const DAY = 86_400_000;
/** Milliseconds after which an unused entry is removed when a new one of its kind is made. */
const KEEP_UNUSED = 30 * DAY;
/** Replaced entries are kept this long for builds that still read them. */
const KEEP_REPLACED = DAY;

/** What an entry's files were when it was made. */
interface Recorded {
  readonly id: string;
  readonly at: string;
  /** Bytes and SHA-256 of each file; an older mkma recorded none. */
  readonly files?: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
}

export interface CacheEntry {
  /** Folder with the entry's files. */
  readonly path: string;
  /** Identifies the content: different content has a different id. */
  readonly id: string;
  /** When it was made, ISO 8601. */
  readonly at: string;
}

export interface CacheRequest {
  /** Kind of entry, the first part of its name. */
  readonly kind: string;
  readonly inputs: Inputs;
  /** Make it even if it exists. */
  readonly refresh: boolean;
  readonly signal: AbortSignal;
  /** Called when waiting for another build that makes the same entry. */
  readonly onWait: () => void;
  /** Fills the folder and resolves to the id of what it put there. */
  readonly make: (folder: string) => Promise<Result<string>>;
}

/** The newest entry of these inputs, if any. It counts as used now. */
export function findEntry(cache: string, kind: string, inputs: Inputs): CacheEntry | undefined {
  const found = peekEntry(cache, kind, inputs);
  if (found !== undefined) markUsed(found.path);
  return found;
}

/** Like {@link findEntry}, without changing anything. */
export function peekEntry(cache: string, kind: string, inputs: Inputs): CacheEntry | undefined {
  for (const path of entriesOf(join(cache, 'stages'), keyOf(kind, inputs))) {
    const entry = readEntry(path);
    // Damaged: as if it did not exist.
    if (entry === undefined || wrongSize(path, entry) !== undefined) continue;
    return { path, id: entry.id, at: entry.at };
  }
  return undefined;
}

function readEntry(path: string): Recorded | undefined {
  try {
    const entry = JSON.parse(readFileSync(join(path, 'entry.json'), 'utf8')) as Recorded;
    return typeof entry.id === 'string' && typeof entry.at === 'string' ? entry : undefined;
  } catch {
    return undefined;
  }
}

/** A file of an entry that is missing, or has another size than when it was made. */
function wrongSize(path: string, { files = {} }: Recorded): string | undefined {
  return Object.entries(files).find(
    ([name, { bytes }]) => statSync(join(path, name), { throwIfNoEntry: false })?.size !== bytes,
  )?.[0];
}

/**
 * Removes entries of these inputs whose files are not as they were stored, so that they are made again.
 * Returns what was wrong with each. Reads them whole.
 */
export async function dropDamaged(
  cache: string,
  kind: string,
  inputs: Inputs,
  signal: AbortSignal,
): Promise<Result<readonly Damage[]>> {
  const dropped: Damage[] = [];
  const folder = join(cache, 'stages');
  for (const path of entriesOf(folder, keyOf(kind, inputs))) {
    const why = await whyDamaged(path, signal);
    if (why === undefined) continue;
    const scratch = await makeScratch(folder, signal);
    if (!scratch.ok) return scratch;
    try {
      moveAway(path, join(scratch.value.path, 'damaged'));
    } finally {
      scratch.value.remove();
    }
    dropped.push(why);
  }
  return ok(dropped);
}

/** A file of an entry that is not as it was stored. */
export interface Damage {
  readonly file: string;
  readonly why: string;
}

async function whyDamaged(path: string, signal: AbortSignal): Promise<Damage | undefined> {
  const entry = readEntry(path);
  if (entry === undefined) return { file: join(path, 'entry.json'), why: 'it cannot be read' };
  const wrong = wrongSize(path, entry);
  if (wrong !== undefined) return { file: join(path, wrong), why: 'its size is not the one recorded' };
  for (const [name, { sha256 }] of Object.entries(entry.files ?? {})) {
    if ((await sha256Of(join(path, name), { signal })) !== sha256)
      return { file: join(path, name), why: 'its digest is not the one recorded' };
  }
  return undefined;
}

/** An entry with what it was made from. */
export interface KnownEntry extends CacheEntry {
  readonly inputs: Inputs;
}

/** All entries of a kind, the newest first. They do not count as used by that. */
export function knownEntries(cache: string, kind: string): KnownEntry[] {
  const folder = join(cache, 'stages');
  const own = new RegExp(`^${kind}-[0-9a-f]{20}\\.`);
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => own.test(name)) : [];
  const found = names.flatMap((name): KnownEntry[] => {
    const path = join(folder, name);
    try {
      const { id, at, inputs } = JSON.parse(readFileSync(join(path, 'entry.json'), 'utf8')) as KnownEntry;
      return [{ path, id, at, inputs }];
    } catch {
      return [];
    }
  });
  return found.sort((a, b) => (a.at < b.at ? 1 : -1));
}

/** Marks an entry as used; another user's cannot be marked, and may be removed earlier. */
export function markUsed(path: string): void {
  try {
    utimesSync(path, new Date(), new Date());
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EPERM') throw cause;
  }
}

/** Takes the entry from the cache, or makes it. A failed or interrupted make leaves nothing behind. */
export async function cached(cache: string, request: CacheRequest): Promise<Result<CacheEntry>> {
  const { kind, inputs } = request;
  const usable = prepareCache(cache);
  if (!usable.ok) return usable;
  const owner = usable.value;
  const file = join(cache, 'locks', `${keyOf(kind, inputs)}.lock`);
  const lock = await waitLock(file, request.signal, request.onWait, owner);
  if (!lock.ok) return lock;
  using _held = lock.value;
  const found = request.refresh ? undefined : findEntry(cache, kind, inputs);
  return found !== undefined ? { ok: true, value: found } : await make(join(cache, 'stages'), request, owner);
}

async function make(
  folder: string,
  request: CacheRequest,
  owner: Owner | undefined,
): Promise<Result<CacheEntry>> {
  const { kind, inputs } = request;
  const temporary = await makeScratch(folder, request.signal);
  if (!temporary.ok) return temporary;
  const scratch = temporary.value;
  try {
    const made = join(scratch.path, 'entry');
    mkdirSync(made);
    const id = await request.make(made);
    if (!id.ok) return id;
    const at = new Date().toISOString();
    const files: Record<string, { bytes: number; sha256: string }> = {};
    for (const name of readdirSync(made)) {
      const info = statSync(join(made, name));
      if (!info.isFile()) continue;
      files[name] = { bytes: info.size, sha256: await sha256Of(join(made, name), request) };
    }
    writeFileWhole(join(made, 'entry.json'), JSON.stringify({ id: id.value, at, inputs, files }, null, 2));
    giveAll(made, owner);
    for (const name of readdirSync(made)) flush(join(made, name));
    const path = join(folder, `${keyOf(kind, inputs)}.${Date.now()}`);
    renameSync(made, path);
    flush(folder);
    prune(folder, `${kind}-`, scratch.path);
    return { ok: true, value: { path, id: id.value, at } };
  } finally {
    scratch.remove();
  }
}

/**
 * Gives an entry to the owner of the cache, unless it has a tree: set-user-ID programs of root must not get
 * into anybody's reach.
 */
function giveAll(entry: string, owner: Owner | undefined): void {
  const found = readdirSync(entry, { withFileTypes: true });
  if (found.some((one) => one.isDirectory())) return;
  for (const { name } of found) giveTo(join(entry, name), owner);
  giveTo(entry, owner);
}

function keyOf(kind: string, inputs: Inputs): string {
  return `${kind}-${digestInputs(inputs).slice(0, 20)}`;
}

/** Folders of a key's entries, newest first. */
function entriesOf(folder: string, key: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.startsWith(`${key}.`));
  return names
    .sort()
    .reverse()
    .map((name) => join(folder, name));
}

/**
 * Removes old entries. Each is renamed first: half an entry under its name would count as complete. Others
 * may prune at the same time.
 */
function prune(folder: string, prefix: string, scratch: string): void {
  for (const name of readdirSync(folder).filter((each) => each.startsWith(prefix))) {
    const path = join(folder, name);
    const [newest] = entriesOf(folder, name.replace(/\.\d+$/, ''));
    const keep = newest === path ? KEEP_UNUSED : KEEP_REPLACED;
    const made = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY;
    if (made >= Date.now() - keep) continue;
    moveAway(path, join(scratch, name));
  }
}

/** Removes an entry; another process may do the same. */
function moveAway(path: string, old: string): void {
  try {
    renameSync(path, old);
  } catch (cause) {
    // Another user's stays for its owner to remove.
    if (!['ENOENT', 'EACCES', 'EPERM'].includes((cause as NodeJS.ErrnoException).code ?? '')) throw cause;
    return;
  }
  removeTree(old);
}
