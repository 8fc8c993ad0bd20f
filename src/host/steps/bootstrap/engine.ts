/** Fetches from the mirror, with mmdebstrap into an entry of the cache. */

import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { err, ok, type Result } from '../../../core/result.js';
import { withoutLogins } from '../../../core/text/logins.js';
import { formatMoment } from '../../../core/text/time.js';
import type { Context } from '../../context.js';
import { componentsOf } from '../../customise/sources.js';
import { ELSEWHERE } from '../../definition/elsewhere.js';
import { renderReach } from '../../mirror/reach.js';
import { PAUSES, tryAgain } from '../../mirror/tries.js';
import { stage } from '../../stage.js';
import { digestInputs, type Inputs } from '../../stages/build-state.js';
import { type CacheEntry, cached, findEntry } from '../../stages/cache.js';
import { removeTree } from '../../sys/remove.js';
import { run } from '../../sys/run.js';
import { makeScratch } from '../../sys/scratch.js';
import type { BootstrapRequest } from '../../tools/bootstrap-request.js';
import { dkmsFailure } from '../../tools/dkms.js';
import { type MirrorAnswer, mirrorAnswer } from '../../tools/mirror-answers.js';
import { bootstrapCommand, explainBootstrap } from '../../tools/mmdebstrap.js';
import type { BuildSettings } from '../settings.js';

/** Increased whenever the same inputs must give another result. */
const RECIPE = '7';

/** Files of a cache entry. */
export const TREE = 'tree.tar.zst';
export const LIST = 'packages.txt';

/** Lists the packages installed in the tree, with versions. */
export const INSTALLED = `chroot "$1" dpkg-query -W -f '\${Package} \${Version} \${Architecture}\\n' > "$MKMA_ENTRY/${LIST}"`;

/** Lists the packages of a tree in which nothing is installed: apt itself has to report what it took. */
export function planned(packages: readonly string[]): string {
  return `set -e
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
plan=$(apt-get --simulate --no-install-recommends install ${packages.join(' ')})
printf '%s\\n' "$plan" | sed -n 's/^Inst \\([^ ]*\\) (\\([^ ]*\\) .*/\\1 \\2/p' > "$MKMA_ENTRY/${LIST}"`;
}

/** What bootstrapping depends on. */
export type BootstrapSettings = Pick<
  BuildSettings,
  'mirrors' | 'architecture' | 'sourceDateEpoch' | 'cache' | 'refresh' | 'reach'
> & { readonly machine: Pick<BuildSettings['machine'], 'suite' | 'components' | 'firmware'> };

export function mirrorInputs(settings: BootstrapSettings): Inputs {
  const { machine, mirrors, architecture, sourceDateEpoch } = settings;
  return {
    recipe: RECIPE,
    suite: machine.suite,
    architecture,
    components: componentsOf(machine).join(' '),
    mirror: mirrors.main,
    'security mirror': mirrors.security,
    ...(sourceDateEpoch === undefined ? {} : { SOURCE_DATE_EPOCH: String(sourceDateEpoch) }),
  };
}

/** What differs between bootstraps. */
export interface Part
  extends Pick<
    BootstrapRequest,
    'variant' | 'packages' | 'finish' | 'fields' | 'debFiles' | 'recommends' | 'foreignArchitectures'
  > {
  /** Files that apt needs in the tree, by path. */
  readonly files?: Readonly<Record<string, string>> | undefined;
  readonly stage: 'packages' | 'tools' | 'kernel' | 'build-tools' | 'medium';
  /** If it is not the machine's. */
  readonly suite?: string | undefined;
  readonly inputs: Inputs;
  /** Files that it makes. */
  readonly makes: readonly string[];
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
  const known = settings.refresh ? undefined : findEntry(settings.cache, name, inputs);
  const suite = part.suite ?? settings.machine.suite;
  const take = () =>
    cached(settings.cache, {
      kind: name,
      inputs,
      refresh: settings.refresh,
      signal: context.signal,
      onWait: () =>
        emit({ type: 'output', stage: name, line: 'waiting for another build that makes the same entry' }),
      make: (folder) => makeEntry(folder, settings, context, part, pauses),
    });
  const outcome = ({ path, at }: CacheEntry): string => {
    const count = readFileSync(join(path, LIST), 'utf8').trimEnd().split('\n').length;
    return `${count} packages of ${suite}, from ${formatMoment(at)}`;
  };
  if (known === undefined) {
    const why = settings.refresh ? 'refresh requested' : 'not in the cache';
    return stage(context, name, `${why}: bootstrapping ${suite}`, take, outcome);
  }
  const entry = await take();
  if (entry.ok) emit({ type: 'stage', stage: name, state: 'reused', detail: outcome(entry.value) });
  return entry;
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
  const debs = join(settings.cache, 'debs');
  mkdirSync(debs, { recursive: true });
  pruneDebs(debs);
  const scratch = await makeScratch(join(settings.cache, 'tmp'), context.signal);
  if (!scratch.ok) return scratch;
  const temporary = scratch.value;
  try {
    mkdirSync(join(temporary.path, 'lists'));
    const request: BootstrapRequest = {
      ...part,
      files: writeFiles(part.files ?? {}, join(temporary.path, 'files')),
      suite: part.suite ?? settings.machine.suite,
      architecture: settings.architecture,
      components: componentsOf(settings.machine),
      mirror: settings.mirrors.main,
      securityMirror: settings.mirrors.security,
      elsewhere: ELSEWHERE,
      debs,
      lists: join(temporary.path, 'lists'),
      reach: writeReach(settings, temporary.path),
      fetching: settings.reach.variables,
      target: join(folder, TREE),
      temporary: temporary.path,
      sourceDateEpoch: settings.sourceDateEpoch,
    };
    const lines: string[] = [];
    const done = await tryAgain(() => runOnce(request, folder, lines, part.stage, context), context, pauses);
    if (!done.ok) return done;
    // Every later build trusts what is published here.
    const lacking = part.makes.find(
      (name) => (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0) === 0,
    );
    if (lacking !== undefined)
      throw new Error(`mmdebstrap succeeded but made no ${lacking}:\n${lines.join('\n')}`);
    const versions = readFileSync(join(folder, LIST), 'utf8');
    return ok(digestInputs({ ...part.inputs, versions }).slice(0, 20));
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
): Promise<{ readonly result: Result<void>; readonly answer?: MirrorAnswer | undefined }> {
  lines.length = 0;
  // An earlier try may have left files that hooks append to.
  for (const name of readdirSync(folder)) removeTree(join(folder, name));
  const plain = bootstrapCommand(request);
  const command = { ...plain, env: { ...plain.env, MKMA_ENTRY: folder } };
  const done = await run(command, {
    signal: context.signal,
    onLine: (printed) => {
      const line = withoutLogins(printed);
      lines.push(line);
      context.emit({ type: 'output', stage, line: line.replace(/^I: /, '') });
    },
  });
  if (done.ok) return { result: ok() };
  const output = lines.join('\n');
  const dkms = dkmsFailure(output);
  // Earlier answers of the mirror are not why a module failed to build.
  if (dkms !== undefined) return { result: err(dkms) };
  return { result: err(explainBootstrap(output, request)), answer: mirrorAnswer(output) };
}

/**
 * How mirrors are reached, as files for apt that only root can read; resolves to the path of the apt.conf(5).
 */
function writeReach({ reach, mirrors }: BootstrapSettings, folder: string): string {
  const [conf, auth] = [join(folder, 'reach.conf'), join(folder, 'reach.auth')];
  const text = renderReach(reach, auth, mirrors.logins);
  writeFileSync(conf, text.conf, { mode: 0o600 });
  writeFileSync(auth, text.auth, { mode: 0o600 });
  return conf;
}

/** Writes the files to a folder; `undefined`: there are none. */
function writeFiles(files: Readonly<Record<string, string>>, folder: string): string | undefined {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  return Object.keys(files).length === 0 ? undefined : folder;
}

/** Cached packages are dropped after this many days, so that unused ones disappear. */
const KEEP_DEBS_DAYS = 60;

function pruneDebs(folder: string): void {
  for (const name of readdirSync(folder)) {
    // Others may prune at the same time.
    const age = Date.now() - (statSync(join(folder, name), { throwIfNoEntry: false })?.ctimeMs ?? Date.now());
    const limit = name.startsWith('.') ? 1 : KEEP_DEBS_DAYS;
    if (age > limit * 86_400_000) rmSync(join(folder, name), { force: true });
  }
}
