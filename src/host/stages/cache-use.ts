/** Which parts of the cache are how large and used when, and keeping it below a limit. */
import { existsSync, lstatSync, readdirSync, renameSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { ok, type Result } from '../../core/result.js';
import { decodeName } from '../../core/text/path.js';
import { type Lock, tryLock, waitLockShared } from '../sys/lock.js';
import { removeTree } from '../sys/remove.js';
import { runBytes } from '../sys/run.js';
import { makeScratch, staleScratch } from '../sys/scratch.js';
import { isForeign, prepareCache } from './cache-folders.js';

const DAY = 86_400_000;
/** Milliseconds after which something unused is removed, whatever the size of the cache. */
const KEEP_UNUSED = 60 * DAY;
/** While other builds run, what was used within this time stays: one of them may read it. */
const KEEP_BUSY = DAY;

/** Folders of the cache whose entries are used and removed one by one, and what they hold. */
const PARTS = {
  stages: 'stages',
  trees: 'trees',
  lists: 'lists',
  debs: 'packages',
  urls: 'downloads',
} as const;

/** Something in the cache that can be removed by itself. */
export interface CacheItem {
  readonly path: string;
  readonly part: (typeof PARTS)[keyof typeof PARTS];
  /** Bytes that it takes on the disk. */
  readonly bytes: number;
  /** When a build used it last, in milliseconds since the epoch. */
  readonly usedAt: number;
}

/** Everything that builds of this user use, without what is being made. */
export async function cacheItems(cache: string, signal: AbortSignal): Promise<Result<CacheItem[]>> {
  const found: Omit<CacheItem, 'bytes'>[] = [];
  for (const [folder, part] of Object.entries(PARTS)) {
    const parent = join(cache, folder);
    for (const name of existsSync(parent) ? readdirSync(parent) : []) {
      if (/^(scratch-|\.)/.test(name)) continue;
      const info = lstatSync(join(parent, name), { throwIfNoEntry: false });
      // Root's trees in the cache of a user are for root to remove.
      if (info === undefined || isForeign(info)) continue;
      found.push({ path: join(parent, name), part, usedAt: info.mtimeMs });
    }
  }
  const sizes = await diskUse(
    found.map(({ path }) => path),
    signal,
  );
  if (!sizes.ok) return sizes;
  return ok(found.map((one) => ({ ...one, bytes: sizes.value.get(one.path) ?? 0 })));
}

/** Bytes that files and folders take on the disk, by path: du(1). */
export async function diskUse(
  paths: readonly string[],
  signal: AbortSignal,
): Promise<Result<ReadonlyMap<string, number>>> {
  if (paths.length === 0) return ok(new Map());
  const args = ['--summarize', '--one-file-system', '--block-size=1', '--null', '--files0-from=-'];
  const input = paths.map((path) => `${path}\0`).join('');
  const listed = await runBytes({ file: 'du', args, input }, { signal });
  if (!listed.ok) return listed;
  const sizes = decodeName(listed.value).split('\0').filter(Boolean);
  return ok(
    new Map(
      sizes.map((line) => {
        const at = line.indexOf('\t');
        return [line.slice(at + 1), Number(line.slice(0, at))] as const;
      }),
    ),
  );
}

/** The limit without --cache-size: 20 GiB, or a quarter of the file system if that is less. */
export function defaultCacheSize(cache: string): number {
  const { blocks, bsize } = statfsSync(cache);
  return Math.min(20 * 2 ** 30, (blocks * bsize) / 4);
}

function useFile(cache: string): string {
  return join(cache, 'locks', 'use.lock');
}

/** Marks the cache as in use by this process: while it is, nobody removes what was used lately. */
export async function useCache(cache: string, signal: AbortSignal): Promise<Result<Lock>> {
  const owner = prepareCache(cache);
  return owner.ok ? waitLockShared(useFile(cache), signal, owner.value) : owner;
}

/** What may be removed from a cache: by `limit` in bytes, or unused for `unused` milliseconds. */
export interface Trimming {
  readonly limit: number;
  readonly unused?: number | undefined;
  readonly now: number;
  /** Whether other builds run. */
  readonly busy: boolean;
}

/** What is to be removed: what was unused for long, then the least recently used above the limit. */
export function chooseItems(items: readonly CacheItem[], trimming: Trimming): CacheItem[] {
  const { limit, now, busy, unused = KEEP_UNUSED } = trimming;
  const oldest = [...items].sort((a, b) => a.usedAt - b.usedAt);
  let total = items.reduce((sum, { bytes }) => sum + bytes, 0);
  const chosen: CacheItem[] = [];
  for (const item of oldest) {
    const age = now - item.usedAt;
    if (busy && age < KEEP_BUSY) break;
    if (age < unused && total <= limit) break;
    chosen.push(item);
    total -= item.bytes;
  }
  return chosen;
}

/** Removes items, each whole or not at all. */
export async function removeItems(
  cache: string,
  items: readonly CacheItem[],
  signal: AbortSignal,
): Promise<Result<void>> {
  if (items.length === 0) return ok();
  const scratch = await makeScratch(join(cache, 'tmp'), signal);
  if (!scratch.ok) return scratch;
  try {
    for (const [i, { path }] of items.entries()) {
      const away = join(scratch.value.path, String(i));
      try {
        renameSync(path, away);
      } catch (cause) {
        // Somebody else removed it.
        if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
        continue;
      }
      removeTree(away);
    }
    return ok();
  } finally {
    scratch.value.remove();
  }
}

/** Does it while no other build uses the cache, or knowing that one does. */
export async function withCache<T>(
  cache: string,
  signal: AbortSignal,
  work: (busy: boolean) => Promise<Result<T>>,
): Promise<Result<T>> {
  const owner = prepareCache(cache);
  if (!owner.ok) return owner;
  const lock = await tryLock(useFile(cache), signal, owner.value);
  if (!lock.ok) return lock;
  using _alone = lock.value;
  return await work(lock.value === undefined);
}

/** Keeps the cache below its limit; resolves to the bytes that this freed. */
export async function trimCache(
  cache: string,
  limit: number | undefined,
  signal: AbortSignal,
): Promise<Result<number>> {
  return withCache(cache, signal, async (busy) => {
    const items = await cacheItems(cache, signal);
    if (!items.ok) return items;
    const trimming = { limit: limit ?? defaultCacheSize(cache), now: Date.now(), busy };
    const chosen = chooseItems(items.value, trimming);
    const removed = await removeItems(cache, chosen, signal);
    return removed.ok ? ok(chosen.reduce((sum, { bytes }) => sum + bytes, 0)) : removed;
  });
}

/** Folders that killed builds left in the cache. */
export async function cacheLeftovers(cache: string, signal: AbortSignal): Promise<Result<string[]>> {
  const stale: string[] = [];
  for (const name of ['tmp', ...Object.keys(PARTS)]) {
    const parent = join(cache, name);
    if (!existsSync(parent)) continue;
    const found = await staleScratch(parent, signal);
    if (!found.ok) return found;
    stale.push(...found.value);
    // Packages that were being stored.
    for (const each of name === 'debs' ? readdirSync(parent) : []) {
      const info = lstatSync(join(parent, each), { throwIfNoEntry: false });
      if (each.startsWith('.new-') && info !== undefined && info.mtimeMs < Date.now() - DAY)
        stale.push(join(parent, each));
    }
  }
  return ok(stale);
}
