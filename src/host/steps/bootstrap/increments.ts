/** Cached trees of packages that others were added to: which there are, and what they lie on. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Result } from '../../../core/result.js';
import type { Context } from '../../context.js';
import { SETTLED } from '../../customise/settle-packages.js';
import type { Inputs } from '../../stages/build-state.js';
import { type CacheEntry, type KnownEntry, knownEntries, markUsed } from '../../stages/cache.js';
import { fingerprint } from '../../stages/fingerprint.js';
import { type LowerTree, TREE_IN_LOWER } from '../../trees/lower.js';
import { packagesTree } from './packages-tree.js';
import type { BootstrapSettings, Part } from './part.js';

/** Kind of cache entries with what was added. */
export const MORE = 'packages-more';
/** The folder of what was added, which an overlay has on top of the others. */
export const INCREMENT = 'lower';
/** Trees on each other: each costs a lookup in every folder. */
const DEEPEST = 8;

/** What an increment's entry says of itself. */
export interface IncrementRecord {
  readonly parent: { readonly id: string; readonly at: string };
  readonly fingerprint: string;
  /** Ids of the trees that it was made over, the topmost first. */
  readonly lowers: readonly string[];
}

/** A tree to which packages are added, and their names. */
export interface Parent {
  readonly entry: CacheEntry;
  readonly added: readonly string[];
}

function recordOf(entry: CacheEntry): IncrementRecord | undefined {
  const file = join(entry.path, 'increment.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as IncrementRecord) : undefined;
}

/** Entries from the one that others were added to, to the given one; `undefined` if one is gone. */
function chainOf(cache: string, entry: CacheEntry): CacheEntry[] | undefined {
  const chain = [entry];
  const all = [...knownEntries(cache, 'packages'), ...knownEntries(cache, MORE)];
  for (let at = recordOf(entry); at !== undefined; ) {
    const { id, at: time } = at.parent;
    const parent = all.find((one) => one.id === id && one.at === time);
    if (parent === undefined || chain.length > 2 * DEEPEST) return undefined;
    chain.unshift(parent);
    at = recordOf(parent);
  }
  return chain;
}

/** The entry that an increment goes back to, with a tree of its own; an entry without one is itself. */
export function originOf(cache: string, entry: CacheEntry): CacheEntry {
  return chainOf(cache, entry)?.[0] ?? entry;
}

/**
 * The trees of an entry, the topmost first. Fails if one is gone or changed: then it has to be made again.
 */
export async function treesOf(
  settings: Pick<BootstrapSettings, 'cache' | 'sourceDateEpoch'>,
  entry: CacheEntry,
  context: Context,
): Promise<Result<LowerTree[]>> {
  const [origin, ...increments] = chainOf(settings.cache, entry) ?? [];
  if (origin === undefined) return err(gone(entry.path));
  const first = await packagesTree(settings, origin, context);
  if (!first.ok) return first;
  const trees = [first.value];
  for (const { path } of [origin, ...increments]) markUsed(path);
  for (const { path } of increments) {
    const record = recordOf({ path, id: '', at: '' });
    // Made over other trees: of packages that were settled otherwise.
    if (record?.lowers.join() !== trees.map(({ id }) => id).join()) return err(gone(path));
    const print = await fingerprint(join(path, INCREMENT, TREE_IN_LOWER), context.signal);
    if (!print.ok) return print;
    if (print.value !== record.fingerprint) return err(gone(path));
    trees.unshift({ path: join(path, INCREMENT), id: print.value, entry: path, isUpper: true });
  }
  return ok(trees);
}

function gone(where: string) {
  return {
    code: 'cache-damaged',
    what: 'a tree of packages in the cache is not as it was stored',
    where,
    why: 'a crash of this host, or somebody changed it',
    next: 'build again with --refresh, which makes it again',
  } as const;
}

/** Increased whenever packages must be added otherwise. */
const RECIPE = '1';

/** What an increment depends on besides the packages: owners of files have the numbers of this namespace. */
export function ownInputs(): Inputs {
  return {
    namespace: readFileSync('/proc/self/uid_map', 'latin1'),
    'added by': `${RECIPE} ${SETTLED}`,
  };
}

/** An increment that has everything, and whose trees are there. */
export function knownIncrement({ cache }: BootstrapSettings, { inputs }: Part): CacheEntry | undefined {
  const wanted = JSON.stringify(sorted({ ...inputs, ...ownInputs() }));
  return knownEntries(cache, MORE).find((entry) => {
    const { parent, ...own } = entry.inputs;
    return JSON.stringify(sorted(own)) === wanted && chainOf(cache, entry) !== undefined;
  });
}

function sorted(inputs: Inputs): [string, string][] {
  return Object.entries(inputs).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The tree with the most of the wanted packages, of those that differ from it in packages alone. */
export function bestParent({ cache }: BootstrapSettings, { inputs }: Part): Parent | undefined {
  const wanted = wordsOf(inputs);
  const parents = [...knownEntries(cache, 'packages'), ...knownEntries(cache, MORE)].flatMap(
    (entry): Parent[] => {
      const present = new Set(wordsOf(entry.inputs));
      const added = wanted.filter((name) => !present.has(name));
      const fits = isLike(entry, inputs) && [...present].every((name) => wanted.includes(name));
      return fits && added.length > 0 ? [{ entry, added }] : [];
    },
  );
  const usable = parents.filter(({ entry }) => (chainOf(cache, entry)?.length ?? DEEPEST) < DEEPEST);
  return usable.sort((a, b) => a.added.length - b.added.length)[0];
}

function wordsOf({ packages = '' }: Inputs): string[] {
  return packages.split(' ').filter(Boolean);
}

function isLike(entry: KnownEntry, inputs: Inputs): boolean {
  const { parent, packages, namespace, 'added by': by, ...others } = entry.inputs;
  const { packages: wanted, ...like } = inputs;
  const own = ownInputs();
  const isMore = namespace !== undefined;
  if (isMore && (namespace !== own.namespace || by !== own['added by'])) return false;
  return JSON.stringify(sorted(others)) === JSON.stringify(sorted(like));
}
