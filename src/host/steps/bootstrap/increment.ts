/**
 * Adds packages to a cached tree instead of installing all of them again, where the result is that of a
 * bootstrap from nothing (docs/decisions/0042). Where it cannot be, it says why.
 */
import {
  chmodSync,
  copyFileSync,
  linkSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { ok, type Result } from '../../../core/result.js';
import { quoteName } from '../../../core/text/path.js';
import type { Context } from '../../context.js';
import { settlePackages } from '../../customise/settle-packages.js';
import { digestInputs } from '../../stages/build-state.js';
import type { CacheEntry } from '../../stages/cache.js';
import { fingerprint } from '../../stages/fingerprint.js';
import { run } from '../../sys/run.js';
import { makeScratch } from '../../sys/scratch.js';
import { ADD, ASK, answersOf } from '../../tools/apt-increment.js';
import type { BootstrapRequest } from '../../tools/bootstrap-request.js';
import { wantedPackages } from '../../tools/fetch-hooks.js';
import { TREE_IN_LOWER } from '../../trees/lower.js';
import { changesIn, overlayTree, type Stack } from '../../trees/stack.js';
import { follow } from './follow.js';
import { disturbance, mentioned } from './increment-checks.js';
import { INCREMENT, type IncrementRecord, type Parent, treesOf } from './increments.js';
import { keepLists } from './kept-lists.js';
import { KERNEL_DEBS } from './kernel.js';
import { type BootstrapSettings, LIST, type Part } from './part.js';
import { prepare } from './request.js';

/** An increment's entry could not be filled exactly: why. */
export interface Slow {
  readonly slow: string;
}

/** What an increment begins with. */
interface Beginning {
  readonly settings: BootstrapSettings;
  readonly part: Part;
  readonly parent: Parent;
  readonly context: Context;
}

/**
 * Fills the folder of a cache entry with what adding the new packages changes of the parent's tree. Resolves
 * to the entry's id, that of a bootstrap from nothing; or to why that has to be done instead.
 */
export async function makeIncrement(begin: Beginning, folder: string): Promise<Result<string | Slow>> {
  const { settings, part, parent, context } = begin;
  const scratch = await makeScratch(join(settings.cache, 'tmp'), context.signal);
  if (!scratch.ok) return scratch;
  const { path: temporary, remove } = scratch.value;
  let stack: Stack | undefined;
  try {
    const lowers = await treesOf(settings, parent.entry, context);
    if (!lowers.ok) return ok({ slow: lowers.problem.what });
    const prepared = await prepare(settings, part, { folder, temporary }, context);
    if (!prepared.ok) return prepared;
    const stacked = await overlayTree(lowers.value, temporary, context.signal);
    if (!stacked.ok) return ok({ slow: stacked.problem.why ?? stacked.problem.what });
    stack = stacked.value;
    const made = await fill(begin, prepared.value.request, stack, folder);
    if (!made.ok || made.value !== undefined) return made.ok ? ok(made.value as Slow) : made;
    await stack.close();
    renameSync(join(temporary, 'stack/upper'), join(folder, INCREMENT));
    // Old set-user-ID programs must not be within everybody's reach.
    chmodSync(join(folder, INCREMENT), 0o700);
    const print = await fingerprint(join(folder, INCREMENT, TREE_IN_LOWER), context.signal);
    if (!print.ok) return print;
    const record: IncrementRecord = {
      parent: { id: parent.entry.id, at: parent.entry.at },
      fingerprint: print.value,
      lowers: lowers.value.map(({ id }) => id),
    };
    writeFileSync(join(folder, 'increment.json'), JSON.stringify(record));
    const versions = readFileSync(join(folder, LIST), 'utf8');
    return ok(digestInputs({ ...part.inputs, versions }).slice(0, 20));
  } finally {
    await stack?.close();
    remove();
  }
}

/** Installs in the stack. Resolves to why that is not what a bootstrap would make, if it is not. */
async function fill(
  { settings, part, parent, context }: Beginning,
  request: BootstrapRequest,
  stack: Stack,
  folder: string,
): Promise<Result<Slow | undefined>> {
  const { root, upper, lowers } = stack;
  const environment = environmentOf(request, parent, root, join(folder, LIST));
  const answered = await run({ file: 'sh', args: ['-c', ASK], ...environment, isolated: true }, context);
  if (!answered.ok && answered.problem.code === 'no-space') return answered;
  if (!answered.ok) return ok({ slow: `apt: ${answered.problem.why ?? answered.problem.what}` });
  const disturbed = disturbance(answersOf(answered.value.stdout), parent.entry);
  if (disturbed !== undefined) return ok({ slow: disturbed });
  const lines: string[] = [];
  const followed = follow(part.stage, context, lines);
  const command = { file: 'sh', args: ['-c', ADD], ...environment, isolated: true };
  const added = await run(command, { signal: context.signal, onLine: followed.onLine });
  followed.phases.end(added.ok ? 'done' : 'failed');
  if (!added.ok && added.problem.code === 'no-space') return added;
  if (!added.ok) return ok({ slow: `installing failed: ${added.problem.why ?? added.problem.what}` });
  const noticed = mentioned(root, upper ?? root, lowers);
  if (noticed !== undefined) return ok({ slow: noticed });
  const settled = await settlePackages(root, settings.sourceDateEpoch, context.signal);
  if (!settled.ok) return settled;
  const changes = await changesIn(stack, context.signal);
  if (!changes.ok) return changes;
  const { broken } = changes.value;
  if (broken !== undefined) return ok({ slow: `it changes hard links, /${quoteName(broken)}` });
  bringKernel(parent.entry, folder);
  if (settings.offline === true) return ok(undefined);
  const kept = await keepLists(settings.cache, request.lists, context.signal);
  return kept.ok ? ok(undefined) : kept;
}

function environmentOf(request: BootstrapRequest, parent: Parent, root: string, list: string) {
  const kernel = kernelPackages(parent.entry);
  return {
    env: {
      ROOT: root,
      HOME: '/root',
      LC_ALL: 'C.UTF-8',
      DEBIAN_FRONTEND: 'noninteractive',
      INITRD: 'No',
      MKMA_ARCHITECTURES: request.architecture,
      MKMA_RECOMMENDS: String(request.recommends === true),
      MKMA_DEBS: request.debs,
      MKMA_LISTS: request.lists,
      MKMA_REACH: request.reach,
      MKMA_WANTED: wantedPackages(request).join('\n'),
      MKMA_NEW: parent.added.join('\n'),
      MKMA_KERNEL: kernel.join(' '),
      MKMA_ENTRY_LIST: list,
      SOURCE_DATE_EPOCH: request.sourceDateEpoch === undefined ? undefined : String(request.sourceDateEpoch),
    },
    secretEnv: request.fetching,
  };
}

/** Names of the packages whose files an entry has of the kernel. */
function kernelPackages({ path }: CacheEntry): string[] {
  if (!readdirSync(path).includes(KERNEL_DEBS)) return [];
  const text = readFileSync(join(path, KERNEL_DEBS), 'utf8');
  return [...text.matchAll(/\.\/([^_\s]+)_/g)].map(([, name = '']) => name);
}

/** The kernel of the parent, which stays. */
function bringKernel(parent: CacheEntry, folder: string): void {
  for (const name of readdirSync(parent.path).filter((one) => /^kernel/.test(one)))
    linkOrCopy(join(parent.path, name), join(folder, name));
  const list = join(folder, LIST);
  const kernel = readFileSync(join(parent.path, LIST), 'utf8').match(/^kernel .*\n/gm) ?? [];
  writeFileSync(list, readFileSync(list, 'utf8') + kernel.join(''));
}

/** Another user's file cannot be linked (proc(5), protected_hardlinks). */
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (cause) {
    if (!['EPERM', 'EMLINK', 'EXDEV'].includes((cause as NodeJS.ErrnoException).code ?? '')) throw cause;
    copyFileSync(from, to);
  }
}
