/** Fetches from the mirror, with mmdebstrap into an entry of the cache. */

import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { err, ok, type Problem, type Result } from '../../../core/result.js';
import { formatMoment } from '../../../core/text/time.js';
import type { Context } from '../../context.js';
import { componentsOf } from '../../customise/sources.js';
import { digestOfPart } from '../../lockfile/schema.js';
import { PAUSES, type Tried, tryAgain } from '../../mirror/tries.js';
import { stage } from '../../stage.js';
import { digestInputs, type Inputs } from '../../stages/build-state.js';
import { type CacheEntry, cached, dropDamaged, findEntry } from '../../stages/cache.js';
import { MAKE_SPACE, roomLines } from '../../sys/no-space.js';
import { removeTree } from '../../sys/remove.js';
import { run } from '../../sys/run.js';
import { makeScratch } from '../../sys/scratch.js';
import { limitsHint } from '../../sys/user-namespace.js';
import type { BootstrapRequest } from '../../tools/bootstrap-request.js';
import { dkmsFailure } from '../../tools/dkms.js';
import { damagedIn, isSurveyed } from '../../tools/fetch-hooks.js';
import { mirrorAnswer } from '../../tools/mirror-answers.js';
import { bootstrapCommand, explainBootstrap } from '../../tools/mmdebstrap.js';
import { expiredLists, Lacking } from '../lacking.js';
import { fromLock, notInLock, notKept, requireLocked, withoutRepositories } from './from-lock.js';
import { keepLists } from './kept-lists.js';
import { type BootstrapSettings, LIST, type Part, TREE } from './part.js';
import { missingIn, prepare } from './request.js';
import { askRetryAfter } from './retry-after.js';

export { type BootstrapSettings, LIST, type Part, TREE };

import { showFailedTree } from './failed-tree.js';
import { follow } from './follow.js';

/** Increased whenever the same inputs must give another result. */
const RECIPE = '7';

/** Lists the packages installed in the tree, with versions. */
export const INSTALLED = `chroot "$1" dpkg-query -W -f '\${Package} \${Version} \${Architecture}\\n' > "$MKMA_ENTRY/${LIST}"`;

/** Lists the packages of a tree in which nothing is installed: apt itself has to report what it took. */
export function planned(packages: readonly string[]): string {
  return `set -e
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
plan=$(apt-get --simulate --no-install-recommends install ${packages.join(' ')})
printf '%s\\n' "$plan" | sed -n 's/^Inst \\([^ ]*\\) (\\([^ ]*\\) .*\\[\\([^]]*\\)\\].*/\\1 \\2 \\3/p' > "$MKMA_ENTRY/${LIST}"`;
}

/**
 * Where packages come from: the mirrors, or with a lock what it names for this part, wherever that comes
 * from.
 */
export function mirrorInputs(settings: BootstrapSettings, part: string): Inputs {
  const { machine, mirrors, architecture, sourceDateEpoch, lock } = settings;
  const source: Inputs =
    lock === undefined
      ? { mirror: mirrors.main, 'security mirror': mirrors.security }
      : { lock: digestOfPart(lock, part) };
  return {
    recipe: RECIPE,
    suite: machine.suite,
    architecture,
    components: componentsOf(machine).join(' '),
    ...source,
    ...(sourceDateEpoch === undefined ? {} : { SOURCE_DATE_EPOCH: String(sourceDateEpoch) }),
  };
}

/** Takes it from the cache or the mirror. `pauses`: seconds between retries of a failing mirror. */
export async function bootstrap(
  settings: BootstrapSettings,
  context: Context,
  part: Part,
  pauses: readonly number[] = PAUSES,
): Promise<Result<CacheEntry>> {
  const { emit } = context;
  const { stage: name, inputs } = part;
  const sound = await soundCache(settings.cache, name, inputs, context);
  if (!sound.ok) return sound;
  const known = settings.refresh ? undefined : findEntry(settings.cache, name, inputs);
  const suite = part.suite ?? settings.machine.suite;
  if (known === undefined && settings.lacking !== undefined)
    return survey(settings, context, part, settings.lacking);
  const take = () => takeOrMake(settings, context, part, pauses);
  const outcome = (entry: CacheEntry): string => describeEntry(entry, suite);
  if (known === undefined) {
    const why = settings.refresh ? 'refresh requested' : 'not in the cache';
    return stage(context, name, `${why}: bootstrapping ${suite}`, take, outcome);
  }
  const entry = await take();
  if (entry.ok && settings.lacking === undefined)
    emit({ type: 'stage', stage: name, state: 'reused', detail: outcome(entry.value) });
  return entry;
}

/** How many packages an entry has, and since when. */
export function describeEntry({ path, at }: CacheEntry, suite: string): string {
  const count = readFileSync(join(path, LIST), 'utf8').trimEnd().split('\n').length;
  return `${count} packages of ${suite}, from ${formatMoment(at)}`;
}

/** Takes it from the cache, or makes it; the caller reports that. */
export function takeOrMake(
  settings: BootstrapSettings,
  context: Context,
  part: Part,
  pauses: readonly number[] = PAUSES,
): Promise<Result<CacheEntry>> {
  const { stage: name, inputs } = part;
  return cached(settings.cache, {
    kind: name,
    inputs,
    refresh: settings.refresh,
    signal: context.signal,
    onWait: () =>
      context.emit({
        ...{ type: 'output', stage: name },
        line: 'waiting for another build that makes the same entry',
      }),
    make: (folder) => makeEntry(folder, settings, context, part, pauses),
  });
}

/** Removes damaged entries, with a warning: they are made again. */
export async function soundCache(
  cache: string,
  kind: string,
  inputs: Inputs,
  { emit, signal }: Context,
): Promise<Result<void>> {
  const dropped = await dropDamaged(cache, kind, inputs, signal);
  if (!dropped.ok) return dropped;
  for (const { file, why } of dropped.value) {
    const problem: Problem = {
      code: 'cache-damaged',
      what: 'an entry of the cache is damaged',
      where: file,
      why,
      next: 'nothing: it is made again; if it happens again, check the disk of the cache',
    };
    emit({ type: 'warning', problem });
  }
  return ok();
}

/**
 * Fills a cache entry; resolves to its id, a digest of every package with its version, and of how it was
 * made.
 */
async function makeEntry(
  folder: string,
  settings: BootstrapSettings,
  context: Context,
  part: Part,
  pauses: readonly number[],
): Promise<Result<string>> {
  const scratch = await makeScratch(join(settings.cache, 'tmp'), context.signal);
  if (!scratch.ok) return scratch;
  const temporary = scratch.value;
  try {
    const { lock } = settings;
    const from = lock === undefined ? part : withoutRepositories(part);
    const prepared = await prepare(settings, from, { folder, temporary: temporary.path }, context);
    if (!prepared.ok) return prepared;
    const plain = prepared.value.request;
    const locked =
      lock === undefined ? ok(plain) : await fromLock(plain, settings, lock, part, context, pauses);
    if (!locked.ok) return locked;
    const request = locked.value;
    const lines: string[] = [];
    const done = await tryAgain(() => runOnce(request, folder, lines, part.stage, context), context, pauses);
    if (!done.ok && lock !== undefined) return notInLock(done.problem);
    if (!done.ok) return lackingOf(part, settings, temporary.path) ?? done;
    // Every later build trusts what is published here.
    const lacking = part.makes.find(
      (name) => (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0) === 0,
    );
    if (lacking !== undefined)
      throw new Error(`mmdebstrap succeeded but made no ${lacking}:\n${lines.join('\n')}`);
    const kept =
      settings.offline === true || lock !== undefined
        ? ok()
        : await keepLists(settings.cache, request.lists, context.signal);
    if (!kept.ok) return kept;
    const versions = readFileSync(join(folder, LIST), 'utf8');
    if (lock !== undefined) requireLocked(versions, lock, part);
    return ok(digestInputs({ ...part.inputs, versions }).slice(0, 20));
  } finally {
    temporary.remove();
  }
}

/** The problem that files are not kept, if that is why an offline bootstrap failed. */
function lackingOf(
  part: Part,
  { cache, offline }: BootstrapSettings,
  temporary: string,
): Result<never> | undefined {
  if (offline !== true) return undefined;
  const lacking = new Lacking();
  lacking.add(part.stage, missingIn(temporary));
  return lacking.isEmpty ? undefined : lacking.result(cache);
}

/**
 * Looks whether everything for a part is kept, makes nothing, and adds what is not to what the build lacks.
 * Fails with `not-kept`, or because of the packages themselves.
 */
async function survey(
  settings: BootstrapSettings,
  context: Context,
  part: Part,
  lacking: Lacking,
): Promise<Result<never>> {
  if (settings.lock !== undefined) {
    const packages = await notKept(settings.cache, settings.lock, part, context.signal);
    lacking.add(part.stage, { lists: [], packages });
    return lacking.result(settings.cache);
  }
  const scratch = await makeScratch(join(settings.cache, 'tmp'), context.signal);
  if (!scratch.ok) return scratch;
  const temporary = scratch.value;
  try {
    const folder = join(temporary.path, 'entry');
    mkdirSync(folder);
    const prepared = await prepare(settings, part, { folder, temporary: temporary.path }, context);
    if (!prepared.ok) return prepared;
    const request = { ...prepared.value.request, survey: part.surveys ?? [] };
    for (const line of expiredLists(prepared.value.releases, Date.now())) lacking.expired.add(line);
    const lines: string[] = [];
    const { result } = await runOnce(request, folder, lines, part.stage, context);
    const missing = missingIn(temporary.path);
    lacking.add(part.stage, missing);
    const explained = isSurveyed(lines) || missing.lists.length + missing.packages.length > 0;
    return result.ok || explained ? lacking.result(settings.cache) : result;
  } finally {
    temporary.remove();
  }
}

/** Bootstraps once. `lines` then has the output. */
async function runOnce(
  request: BootstrapRequest,
  folder: string,
  lines: string[],
  stage: string,
  context: Context,
): Promise<Tried<Result<void>>> {
  lines.length = 0;
  // An earlier try may have left files that hooks append to.
  for (const name of readdirSync(folder)) removeTree(join(folder, name));
  const plain = bootstrapCommand(request);
  const command = { ...plain, env: { ...plain.env, MKMA_ENTRY: folder } };
  const followed = follow(stage, context, lines);
  let done: Result<unknown> | undefined;
  try {
    done = await run(command, { signal: context.signal, onLine: followed.onLine });
  } finally {
    followed.phases.end(done?.ok === true ? 'done' : 'failed');
  }
  for (const name of damagedIn(lines)) context.emit({ type: 'warning', problem: damagedPackage(name) });
  if (done.ok) return { result: ok() };
  const output = lines.join('\n');
  const dkms = dkmsFailure(output);
  // Earlier answers of the mirror are not why a module failed to build.
  const answer = dkms === undefined ? mirrorAnswer(output) : undefined;
  const problem = dkms ?? withHint(explainBootstrap(output, request), output, dirname(request.debs));
  if (answer === undefined && request.survey === undefined)
    await showFailedTree(request, folder, stage, problem, context);
  return { result: err(problem), answer, retryAfter: await askRetryAfter(answer, request, context.signal) };
}

/** A failure without a known cause may be one of a user namespace; a full disk has numbers. */
function withHint(problem: Problem, output: string, cache: string): Problem {
  if (problem.code === 'too-little-space') {
    const why = [problem.why, ...roomLines(cache)].join('\n');
    return { ...problem, why, next: MAKE_SPACE };
  }
  const hint = problem.code === 'bootstrap-failed' ? limitsHint(output) : '';
  return hint === '' ? problem : { ...problem, next: `${problem.next}${hint}` };
}

function damagedPackage(name: string): Problem {
  return {
    code: 'cache-damaged',
    what: 'a kept package is damaged',
    where: name,
    why: "its digest is not the one in the mirror's lists",
    next: 'nothing: it is removed and fetched again; if it happens again, check the disk of the cache',
  };
}
