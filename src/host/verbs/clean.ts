/** `mkma clean`: removes what killed builds left, excess in the cache, and, if asked, trees and images. */
import { existsSync, lstatSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { FILES } from '../../core/contract.js';
import { err, ok, type Result } from '../../core/result.js';
import { BASE_NAMES } from '../../core/set/base.js';
import { formatBytes } from '../../core/text/size.js';
import type { Context } from '../context.js';
import { BuildState } from '../stages/build-state.js';
import {
  type CacheItem,
  cacheItems,
  cacheLeftovers,
  chooseItems,
  defaultCacheSize,
  diskUse,
  removeItems,
  withCache,
} from '../stages/cache-use.js';
import { treeState } from '../stages/decide.js';
import { recordsFile } from '../stages/publishing.js';
import type { Owner } from '../sys/files.js';
import { requireUnmounted } from '../sys/mounts.js';
import { lockImages, STATE } from '../sys/output.js';
import { makeScratch, removeStale, staleScratch } from '../sys/scratch.js';

const DAY = 86_400_000;

export interface CleanOptions {
  /** The images folder; it need not exist. */
  readonly output: string;
  /** The cache; it need not exist. */
  readonly cache: string;
  /** Bytes that the cache may take; absent: the default of a build. */
  readonly cacheSize?: number | undefined;
  /** Days after which everything unused in the cache is removed. */
  readonly unused?: number | undefined;
  /** Also remove `chroot/` and `initramfs/`. */
  readonly trees: boolean;
  /** Also remove the images; layers and generations stay. */
  readonly images: boolean;
  readonly discardEdits: boolean;
  /** Only show what would be removed. */
  readonly dryRun: boolean;
  /** Asks whether to remove what a build would have to make again. */
  readonly confirm: () => Promise<Result<void>>;
  /** Shows what will be removed, before asking. */
  readonly show: (lines: readonly string[]) => void;
  readonly owner?: Owner | undefined;
}

/** Something to remove. */
interface Removable {
  /** What it is, in a few words. */
  readonly kind: string;
  readonly path: string;
  readonly bytes: number;
}

export interface CleanResult {
  readonly removed: readonly Removable[];
  /** Bytes that this frees. */
  readonly bytes: number;
  readonly dryRun: boolean;
  readonly lines: readonly string[];
}

/** Removes it, after showing what it is and how much that frees. */
export async function clean(options: CleanOptions, context: Context): Promise<Result<CleanResult>> {
  const { cache, output } = options;
  return withCacheIfAny(cache, context.signal, async (busy) => {
    const items = await itemsOf(options, busy, context.signal);
    if (!items.ok) return items;
    if (!existsSync(output)) return run(options, items.value, undefined, context);
    const folder = realpathSync(output);
    const lock = await lockImages(folder, options.owner);
    if (!lock.ok) return lock;
    using _held = lock.value;
    const trees = await treesOf(folder, options, context.signal);
    return trees.ok ? run(options, items.value, { folder, names: trees.value }, context) : trees;
  });
}

/** Holds the cache, if there is one. */
function withCacheIfAny<T>(
  cache: string,
  signal: AbortSignal,
  work: (busy: boolean) => Promise<Result<T>>,
): Promise<Result<T>> {
  return existsSync(cache) ? withCache(cache, signal, work) : work(false);
}

async function itemsOf(
  { cache, cacheSize, unused }: CleanOptions,
  busy: boolean,
  signal: AbortSignal,
): Promise<Result<CacheItem[]>> {
  if (!existsSync(cache)) return ok([]);
  const items = await cacheItems(cache, signal);
  if (!items.ok) return items;
  const limit = cacheSize ?? defaultCacheSize(cache);
  const age = unused === undefined ? {} : { unused: unused * DAY };
  return ok(chooseItems(items.value, { limit, now: Date.now(), busy, ...age }));
}

/** Names in the images folder that are removed on request. */
async function treesOf(
  folder: string,
  { trees, images, discardEdits }: CleanOptions,
  signal: AbortSignal,
): Promise<Result<string[]>> {
  const wanted = [
    ...(trees || images ? [FILES.chroot, FILES.initramfsTree] : []),
    ...(images ? [...BASE_NAMES, FILES.initramfs, FILES.microcode, FILES.kernel, FILES.cmdline] : []),
  ];
  const names = wanted.filter((name) => lstatSync(join(folder, name), { throwIfNoEntry: false }));
  const free = requireUnmounted(...names.map((name) => join(folder, name)));
  if (!free.ok) return free;
  if (!names.includes(FILES.chroot) || discardEdits) return ok(names);
  const state = await treeState(folder, BuildState.read(recordsFile(folder)), signal);
  if (!state.ok) return state;
  if (state.value.state !== 'edited') return ok(names);
  return err({
    code: 'chroot-edited',
    what: 'chroot/ was edited by hand and would be removed',
    where: join(folder, FILES.chroot),
    next: 'discard the edits with --discard-edits, or leave out --trees',
  });
}

/** The images folder, and what goes in there. */
interface Images {
  readonly folder: string;
  readonly names: readonly string[];
}

async function run(
  options: CleanOptions,
  items: readonly CacheItem[],
  images: Images | undefined,
  context: Context,
): Promise<Result<CleanResult>> {
  const { cache, dryRun } = options;
  const leftovers = await leftoversOf(cache, images?.folder, context.signal);
  if (!leftovers.ok) return leftovers;
  const trees = (images?.names ?? []).map((name) => join(images?.folder ?? '', name));
  const sizes = await diskUse([...leftovers.value, ...trees], context.signal);
  if (!sizes.ok) return sizes;
  const sized = (kind: string, path: string): Removable => ({
    kind,
    path,
    bytes: sizes.value.get(path) ?? 0,
  });
  const removed = [
    ...leftovers.value.map((path) => sized('left by a killed build', path)),
    ...items.map(({ part, path, bytes }) => ({ kind: `cache: ${part}`, path, bytes })),
    ...trees.map((path) => sized('built', path)),
  ];
  const bytes = removed.reduce((sum, one) => sum + one.bytes, 0);
  const lines = describe(removed, bytes, dryRun);
  if (dryRun || removed.length === 0) return ok({ removed, bytes, dryRun, lines });
  if (trees.length > 0 || (options.unused !== undefined && items.length > 0)) {
    options.show(describe(removed, bytes, true));
    const confirmed = await options.confirm();
    if (!confirmed.ok) return confirmed;
  }
  const done = await remove(options, items, leftovers.value, images, context.signal);
  return done.ok ? ok({ removed, bytes, dryRun, lines }) : done;
}

async function leftoversOf(
  cache: string,
  folder: string | undefined,
  signal: AbortSignal,
): Promise<Result<string[]>> {
  const inCache = existsSync(cache) ? await cacheLeftovers(cache, signal) : ok<string[]>([]);
  if (!inCache.ok || folder === undefined || !existsSync(join(folder, STATE))) return inCache;
  const inOutput = await staleScratch(join(folder, STATE), signal);
  return inOutput.ok ? ok([...inCache.value, ...inOutput.value]) : inOutput;
}

async function remove(
  { cache }: CleanOptions,
  items: readonly CacheItem[],
  leftovers: readonly string[],
  images: Images | undefined,
  signal: AbortSignal,
): Promise<Result<void>> {
  for (const parent of new Set(leftovers.map((path) => join(path, '..')))) {
    const done = await removeStale(parent, signal);
    if (!done.ok) return done;
  }
  for (const path of leftovers.filter((one) => one.endsWith('.deb') || /\/\.new-\w+$/.test(one)))
    rmSync(path, { force: true });
  const removed = await removeItems(cache, items, signal);
  if (!removed.ok || images === undefined || images.names.length === 0) return removed;
  const scratch = await makeScratch(join(images.folder, STATE), signal);
  if (!scratch.ok) return scratch;
  try {
    // Out of the way first: half a tree under its name would count as edited.
    for (const name of images.names)
      renameSync(join(images.folder, name), join(scratch.value.path, `old-${name}`));
    return ok();
  } finally {
    scratch.value.remove();
  }
}

/** How many lines are shown for one kind. */
const SHOWN = 8;

function describe(removed: readonly Removable[], bytes: number, ahead: boolean): string[] {
  if (removed.length === 0) return ['nothing to remove'];
  const kinds = [...new Set(removed.map(({ kind }) => kind))];
  const lines = kinds.flatMap((kind) => {
    const own = removed.filter((one) => one.kind === kind).sort((a, b) => b.bytes - a.bytes);
    const rest = own.slice(SHOWN);
    const more = rest.reduce((sum, one) => sum + one.bytes, 0);
    return [
      `${kind}:`,
      ...own.slice(0, SHOWN).map((one) => `  ${formatBytes(one.bytes).padStart(9)}  ${one.path}`),
      ...(rest.length === 0 ? [] : [`  ${formatBytes(more).padStart(9)}  in ${rest.length} more`]),
    ];
  });
  return [...lines, '', `${ahead ? 'this would free' : 'freed'} ${formatBytes(bytes)}`];
}
