/**
 * Software that Debian does not package: built in a disposable system of the suite, cached as the files it
 * installs.
 */
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { forbidStarts } from '../customise/customise.js';
import { hashPath } from '../customise/inputs.js';
import { describeKey } from '../customise/repository-keys.js';
import { nameOf } from '../definition/issues.js';
import type { MachineConfig } from '../definition/machine.js';
import { isDebFile, packageNameOf } from '../definition/package-names.js';
import { DEBUG_SHELL, stage, step } from '../stage.js';
import { digestInputs, type Inputs } from '../stages/build-state.js';
import { type CacheEntry, cached, findEntry } from '../stages/cache.js';
import { itemInputs } from '../stages/differences.js';
import { inTree } from '../sys/enter-tree.js';
import { requireUnmounted } from '../sys/mounts.js';
import { run } from '../sys/run.js';
import { makeScratch } from '../sys/scratch.js';
import { TreeFiles } from '../sys/tree-files.js';
import { limitsHint } from '../sys/user-namespace.js';
import { foreignOf } from './bootstrap/architectures.js';
import { bootstrap, INSTALLED, LIST, mirrorInputs, soundCache, TREE } from './bootstrap/engine.js';
import { keyReader } from './bootstrap/keys.js';
import { packageInput, repositoryFiles } from './bootstrap/packages.js';
import type { Part } from './bootstrap/part.js';
import { urlPath } from './bootstrap/urls.js';
import type { Lacking } from './lacking.js';
import type { BuildSettings } from './settings.js';
import { unpackTree } from './unpack-tree.js';

type Build = MachineConfig['builds'][number];

/** Increased whenever the same inputs must give another result. */
const RECIPE = '1';
/** The files that a build installs, in its cache entry. */
const PRODUCT = 'product.tar.zst';
/** A build's working and installation folders in its own system. */
const WORK = '/build';
const DESTINATION = '/destination';
/** Packages of every build: a compiler and make. */
const ALWAYS = ['build-essential'];

/** Inputs of the machine's tree: everything its builds do. */
export function buildsInputs(settings: BuildSettings): Inputs {
  const { builds } = settings.machine;
  const each = builds.map((build) => [build.name, digestInputs(inputsOfBuild(settings, build)).slice(0, 20)]);
  return itemInputs('builds', Object.fromEntries(each));
}

/**
 * `kernel` is the release of the machine's kernel, if known: what is built against headers belongs to one.
 */
export function inputsOfBuild(settings: BuildSettings, build: Build, kernel?: string): Inputs {
  const sources = createHash('sha256');
  for (const name of Object.keys(build.sources).sort()) {
    const source = build.sources[name] ?? '';
    if (typeof source === 'string') hashPath(sources.update(name), source);
    else sources.update(`${name} ${source.sha256}`);
  }
  const { name, run: commands, install, network } = build;
  return {
    ...toolsOf(settings, build, kernel),
    build: RECIPE,
    name,
    run: commands,
    install,
    network: String(network),
    sources: sources.digest('hex'),
  };
}

function toolsOf(settings: BuildSettings, build: Build, kernel?: string): Inputs {
  const { packages } = build;
  const { recipe, ...mirror } = mirrorInputs(settings, lockedName(build));
  const repositories = repositoryFiles(settings.machine, describeKey);
  return {
    ...mirror,
    recipe: recipe ?? '',
    packages: [...ALWAYS, ...packages].map(packageInput).join(' '),
    ...(kernel !== undefined && packages.some(isHeaders) ? { kernel } : {}),
    ...(Object.keys(repositories).length === 0
      ? {}
      : { repositories: digestInputs(repositories).slice(0, 20) }),
  };
}

/** Headers are fetched again once the machine's kernel changed. */
function isHeaders(name: string): boolean {
  return name.startsWith('linux-headers-');
}

/**
 * Makes what is not in the cache, one after another, with the release of the machine's kernel if known.
 * Resolves to the entries, in the order of the definition.
 */
export async function makeBuilds(
  settings: BuildSettings,
  kernel: string | undefined,
  context: Context,
): Promise<Result<CacheEntry[]>> {
  const entries: CacheEntry[] = [];
  for (const [i, build] of settings.machine.builds.entries()) {
    const entry = await makeBuild(settings, build, i, kernel, context);
    if (!entry.ok) return entry;
    entries.push(entry.value);
  }
  return ok(entries);
}

async function makeBuild(
  settings: BuildSettings,
  build: Build,
  index: number,
  kernel: string | undefined,
  context: Context,
): Promise<Result<CacheEntry>> {
  const { emit } = context;
  const name = `build ${build.name}`;
  const inputs = inputsOfBuild(settings, build, kernel);
  const { refresh, cache } = settings;
  const sound = await soundCache(cache, 'build', inputs, context);
  if (!sound.ok) return sound;
  const known = refresh ? undefined : findEntry(cache, 'build', inputs);
  if (known !== undefined) {
    emit({
      type: 'stage',
      stage: name,
      state: 'reused',
      detail: `from ${known.at.slice(0, 16).replace('T', ' ')} UTC`,
    });
    return ok(known);
  }
  return stage(context, name, refresh ? 'refresh requested' : 'not in the cache', () =>
    cached(cache, {
      ...{ kind: 'build', inputs, refresh, signal: context.signal },
      onWait: () =>
        emit({ type: 'output', stage: name, line: 'waiting for another build that makes the same entry' }),
      make: (folder) => new Making(settings, build, index, kernel, name, context).make(folder),
    }),
  );
}

/** Looks what the builds lack that an offline build would have to make, and adds it. */
export async function surveyBuilds(
  settings: BuildSettings,
  kernel: string | undefined,
  lacking: Lacking,
  context: Context,
): Promise<Result<void>> {
  for (const [i, build] of settings.machine.builds.entries()) {
    if (findEntry(settings.cache, 'build', inputsOfBuild(settings, build, kernel)) !== undefined) continue;
    if (build.network) lacking.addOther(`the build ${build.name}: it has network: true, and its result`);
    const tools = await new Making(settings, build, i, kernel, `build ${build.name}`, context).tools();
    if (!tools.ok && tools.problem.code !== 'not-kept') return tools;
  }
  return ok();
}

/** Its name in a lock. */
function lockedName({ name }: Build): string {
  return `build ${name}`;
}

/** What is fetched for a build; `index` of it in the definition. */
export async function buildToolsPart(
  settings: BuildSettings,
  build: Build,
  index: number,
  kernel: string | undefined,
  { signal }: Pick<Context, 'signal'>,
): Promise<Result<Part>> {
  const foreign = await foreignOf(build.packages, settings.architecture, signal);
  if (!foreign.ok) return foreign;
  return ok({
    stage: 'build-tools',
    locked: lockedName(build),
    inputs: toolsOf(settings, build, kernel),
    variant: 'minbase',
    packages: [...ALWAYS, ...build.packages.filter((name) => !isDebFile(name))],
    fields: new Map(
      build.packages.map((entry, i) => [packageNameOf(entry), ['builds', index, 'packages', i]]),
    ),
    debFiles: build.packages.filter(isDebFile),
    foreignArchitectures: foreign.value,
    files: repositoryFiles(settings.machine, keyReader(settings)),
    finish: [INSTALLED],
    makes: [TREE, LIST],
  });
}

/** One build in progress. */
class Making {
  constructor(
    private readonly settings: BuildSettings,
    private readonly build: Build,
    private readonly index: number,
    private readonly kernel: string | undefined,
    private readonly stage: string,
    private readonly context: Context,
  ) {}

  /** Fills the folder of a cache entry; resolves to its id. */
  async make(folder: string): Promise<Result<string>> {
    const tools = await this.tools();
    if (!tools.ok) return tools;
    const scratch = await makeScratch(join(this.settings.cache, 'tmp'), this.context.signal);
    if (!scratch.ok) return scratch;
    try {
      const root = join(scratch.value.path, 'root');
      mkdirSync(root, { mode: 0o755 });
      const unpacked = await step(this.context, this.stage, 'unpacking the tools', () =>
        unpackTree(join(tools.value.path, TREE), root, this.context.signal),
      );
      if (!unpacked.ok) return unpacked;
      forbidStarts(new TreeFiles(root));
      const made = await this.work(root, join(folder, PRODUCT));
      if (!made.ok) {
        await this.context.onFailure?.({ stage: this.stage, root, problem: made.problem });
        return made;
      }
      const hash = createHash('sha256');
      hashPath(hash, join(folder, PRODUCT));
      return ok(hash.digest('hex').slice(0, 20));
    } finally {
      scratch.value.remove();
    }
  }

  /** The system that it runs in. */
  async tools(): Promise<Result<CacheEntry>> {
    const { settings, build, index, kernel, context } = this;
    const part = await buildToolsPart(settings, build, index, kernel, context);
    return part.ok ? bootstrap(settings, context, part.value) : part;
  }

  private async work(root: string, product: string): Promise<Result<void>> {
    for (const path of [WORK, DESTINATION]) mkdirSync(join(root, path));
    for (const [name, from] of Object.entries(this.build.sources)) {
      const to = join(root, WORK, name);
      mkdirSync(dirname(to), { recursive: true });
      const file = typeof from === 'string' ? from : urlPath(this.settings.cache, from.sha256);
      cpSync(realpathSync(file), to, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
    }
    for (const part of ['run', 'install'] as const) {
      const done = await step(this.context, this.stage, part, (inner) => this.script(root, part, inner));
      if (!done.ok) return done;
    }
    const free = requireUnmounted(root);
    if (!free.ok) return free;
    const tar = [
      'tar',
      '--one-file-system',
      '--create',
      '--zstd',
      '--sort=name',
      '--numeric-owner',
      '--xattrs',
      '--xattrs-include=*',
    ];
    const files = ['--file', product, '--directory', join(root, DESTINATION), '.'];
    const packed = await run(
      { file: 'tar', args: [...tar.slice(1), ...files] },
      { signal: this.context.signal },
    );
    return packed.ok ? ok() : packed;
  }

  private async script(root: string, part: 'run' | 'install', context: Context): Promise<Result<void>> {
    const { build, stage, settings } = this;
    const commands = `cd ${WORK}\nexport DESTDIR=${DESTINATION}\n${build[part]}`;
    const epoch = settings.sourceDateEpoch;
    const env = {
      ...(epoch === undefined ? {} : { SOURCE_DATE_EPOCH: String(epoch) }),
      ...(this.kernel === undefined ? {} : { MKMA_KERNEL: this.kernel }),
    };
    const network = build.network && settings.offline !== true;
    const command = inTree({
      ...{ root, command: ['sh', '-e', '-c', commands], env, network },
      secretEnv: network ? settings.reach.variables : undefined,
    });
    const lines: string[] = [];
    const onLine = (line: string): void => {
      lines.push(line);
      context.emit({ type: 'output', stage, line });
    };
    const done = await run(command, { signal: context.signal, onLine });
    return done.ok ? ok() : err(this.failed(part, lines, done.problem));
  }

  private failed(part: 'run' | 'install', lines: readonly string[], problem: Problem): Problem {
    const field = ['builds', this.index, part];
    const last = lines.slice(-12).join('\n');
    const offline = this.build.network
      ? ''
      : 'it has no network: if it needs one, set network: true, or list what it fetches under sources; ';
    const { code, why = '', next } = problem;
    const failed = { what: `the build ${this.build.name} failed`, where: nameOf(field), field };
    if (code === 'no-space') return { code, ...failed, why, ...(next === undefined ? {} : { next }) };
    return {
      ...{ code: 'own-build-failed', ...failed },
      why: last === '' ? why : last,
      next: `${offline}${DEBUG_SHELL}${limitsHint(last)}`,
    };
  }
}

/** Copies what the builds install into the tree at `root`. */
export async function installBuilds(
  entries: readonly CacheEntry[],
  root: string,
  signal: AbortSignal,
): Promise<Result<void>> {
  for (const { path } of entries) {
    const args = ['--extract', '--preserve-permissions', '--numeric-owner', '--xattrs', '--xattrs-include=*'];
    // Files in /lib go to /usr/lib; the root and existing folders stay as they are.
    const into = ['--keep-directory-symlink', '--no-overwrite-dir', '--directory', '/', '--file', '-'];
    // These are mounted over while programs run in the tree, and on the running machine.
    const without = ['dev', 'proc', 'sys', 'run', 'tmp'].map((name) => `--exclude=./${name}`);
    // Inside the tree, whose absolute symlinks (/var/run) would escape it from outside.
    const inside = inTree({ root, command: ['tar', ...args, ...without, ...into] });
    const words = ['-c', 'zstd -dcq -- "$0" | "$@"', join(path, PRODUCT), inside.file, ...inside.args];
    const done = await run({ ...inside, file: 'sh', args: words }, { signal });
    if (!done.ok) return done;
  }
  if (entries.length === 0) return ok();
  const linked = await run(inTree({ root, command: ['ldconfig'] }), { signal });
  return linked.ok ? ok() : linked;
}
