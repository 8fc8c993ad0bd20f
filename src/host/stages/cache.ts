/**
 * The cache of stages that do not depend on one output folder: one folder an entry, named by the digest of its inputs and
 * when it was made. Entries never change; a newer one of the same inputs takes their place.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { Result } from '../../core/result.js';
import { flush, writeFileWhole } from '../sys/files.js';
import { waitLock } from '../sys/lock.js';
import { removeTree } from '../sys/remove.js';
import { makeScratch } from '../sys/scratch.js';
import { digestInputs, type Inputs } from './build-state.js';

const DAY = 86_400_000;
/** Entries not used for so long are removed when a new one of their kind is made, in milliseconds. */
const KEEP_UNUSED = 30 * DAY;
/** Entries with a newer one in their place are kept for builds that still read them. */
const KEEP_REPLACED = DAY;

export interface CacheEntry {
  /** Folder with the entry's files. */
  readonly path: string;
  /** Names the content: another content, another id. */
  readonly id: string;
  /** When it was made, ISO 8601. */
  readonly at: string;
}

export interface CacheRequest {
  /** Kind of entry, the first part of its name. */
  readonly kind: string;
  readonly inputs: Inputs;
  /** Make it even where it is there. */
  readonly refresh: boolean;
  readonly signal: AbortSignal;
  /** Called when another build makes the same entry and is waited for. */
  readonly onWait: () => void;
  /** Fills the folder and resolves to the id of what it put there. */
  readonly make: (folder: string) => Promise<Result<string>>;
}

/** The newest entry of these inputs, if there is one. It counts as used now. */
export function findEntry(cache: string, kind: string, inputs: Inputs): CacheEntry | undefined {
  for (const path of entriesOf(join(cache, 'stages'), keyOf(kind, inputs))) {
    try {
      const { id, at } = JSON.parse(readFileSync(join(path, 'entry.json'), 'utf8')) as CacheEntry;
      utimesSync(path, new Date(), new Date());
      return { path, id, at };
    } catch {
      // Not whole, or not ours to touch: as if it were not there.
    }
  }
  return undefined;
}

/** Take the entry from the cache, or make it. A failed or interrupted make leaves nothing behind. */
export async function cached(cache: string, request: CacheRequest): Promise<Result<CacheEntry>> {
  const { kind, inputs } = request;
  mkdirSync(join(cache, 'locks'), { recursive: true });
  const file = join(cache, 'locks', `${keyOf(kind, inputs)}.lock`);
  const lock = await waitLock(file, request.signal, request.onWait);
  if (!lock.ok) return lock;
  using _held = lock.value;
  const found = request.refresh ? undefined : findEntry(cache, kind, inputs);
  return found !== undefined ? { ok: true, value: found } : await make(join(cache, 'stages'), request);
}

async function make(folder: string, request: CacheRequest): Promise<Result<CacheEntry>> {
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
    writeFileWhole(join(made, 'entry.json'), JSON.stringify({ id: id.value, at, inputs }, null, 2));
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

function keyOf(kind: string, inputs: Inputs): string {
  return `${kind}-${digestInputs(inputs).slice(0, 20)}`;
}

/** Folders of a key's entries, the newest first. */
function entriesOf(folder: string, key: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.startsWith(`${key}.`));
  return names
    .sort()
    .reverse()
    .map((name) => join(folder, name));
}

/** Remove old entries. Each leaves its name first: half an entry under it would count as whole. Others may prune at the same time. */
function prune(folder: string, prefix: string, scratch: string): void {
  for (const name of readdirSync(folder).filter((each) => each.startsWith(prefix))) {
    const path = join(folder, name);
    const [newest] = entriesOf(folder, name.replace(/\.\d+$/, ''));
    const keep = newest === path ? KEEP_UNUSED : KEEP_REPLACED;
    const made = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY;
    if (made >= Date.now() - keep) continue;
    const old = join(scratch, name);
    try {
      renameSync(path, old);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
      continue;
    }
    removeTree(old);
  }
}
