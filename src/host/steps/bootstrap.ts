/** The stages that come from the mirror: the system's packages, the kernel's package, and early boot's tools. */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { err, ok, type Result } from '../../core/result.js';
import { formatMoment } from '../../core/time.js';
import type { Context } from '../context.js';
import { impliedPackages } from '../customise/customise.js';
import { componentsOf, excludedPreferences, readKey, repositoryStanza } from '../customise/sources.js';
import type { Machine } from '../definition/machine.js';
import { isDebFile } from '../definition/schema/words.js';
import { TOOL_PACKAGES } from '../initramfs/contents.js';
import { digestFile, digestInputs, type Inputs } from '../stages/book.js';
import { type CacheEntry, cached, findEntry } from '../stages/cache.js';
import { renderCommand, shellQuote } from '../sys/command.js';
import { run } from '../sys/run.js';
import { makeScratch } from '../sys/scratch.js';
import { type BootstrapRequest, bootstrapCommand, explainBootstrap } from '../tools/mmdebstrap.js';
import { PROGRAM_PACKAGES } from './machine-program.js';
import type { BuildSettings } from './settings.js';

/** Raised whenever the same inputs shall give another result. */
const RECIPE = '3';

/** Files of a cache entry. */
export const TREE = 'tree.tar.zst';
export const KERNEL_PACKAGE = 'kernel.deb';
const LIST = 'packages.txt';

function mirrorInputs(settings: BuildSettings): Inputs {
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

export function packagesInputs(settings: BuildSettings): Inputs {
  const { machine } = settings;
  return {
    ...mirrorInputs(settings),
    packages: systemPackages(machine)
      .map((name) => (isDebFile(name) ? `${basename(name)}@${digestFile(name)}` : name))
      .join(' '),
    'kernel choice': kernelChoice(settings),
    ...(machine.recommends ? { recommends: 'installed' } : {}),
    ...(machine.excludePackages.length === 0 ? {} : { excluded: machine.excludePackages.join(' ') }),
    ...(Object.keys(machine.repositories).length === 0
      ? {}
      : { repositories: digestInputs(repositoryFiles(machine)).slice(0, 20) }),
  };
}

/** What the definition names, and what mkma itself needs on the machine. */
function systemPackages(machine: Machine): string[] {
  const all = [...machine.packages, ...impliedPackages(machine), ...PROGRAM_PACKAGES];
  return [...new Set(all)].filter((name) => !machine.excludePackages.includes(name));
}

/** Those of them that are files. */
function debFiles(machine: Machine): string[] {
  return systemPackages(machine).filter(isDebFile);
}

export function toolsInputs(settings: BuildSettings): Inputs {
  return { ...mirrorInputs(settings), packages: TOOL_PACKAGES.join(' ') };
}

/** The system's packages as a tree, and the kernel's package beside it. */
export async function bootstrapPackages(
  settings: BuildSettings,
  context: Context,
): Promise<Result<CacheEntry>> {
  const { machine } = settings;
  const list = `chroot "$1" dpkg-query -W -f '\${Package} \${Version} \${Architecture}\\n' > "$MKMA_ENTRY/${LIST}"`;
  const kernel = ownKernelPackage(settings);
  const withKernel = kernel !== undefined;
  const excluded = excludedPreferences(machine.excludePackages);
  return bootstrap(settings, context, {
    stage: 'packages',
    inputs: packagesInputs(settings),
    variant: 'minbase',
    packages: systemPackages(machine).filter((name) => !isDebFile(name)),
    debFiles: debFiles(machine),
    recommends: machine.recommends,
    files: {
      ...repositoryFiles(machine),
      ...(excluded === undefined ? {} : { 'etc/apt/preferences.d/mkma-excluded': excluded }),
    },
    finish: withKernel ? [list, fetchKernel(kernel)] : [list],
    makes: withKernel ? [TREE, LIST, KERNEL_PACKAGE] : [TREE, LIST],
  });
}

/** The programs of early boot with their libraries, from the built suite. */
export async function bootstrapTools(settings: BuildSettings, context: Context): Promise<Result<CacheEntry>> {
  // Nothing is installed here, so apt itself has to tell what it took.
  const list = `set -e
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
plan=$(apt-get --simulate --no-install-recommends install ${TOOL_PACKAGES.join(' ')})
printf '%s\\n' "$plan" | sed -n 's/^Inst \\([^ ]*\\) (\\([^ ]*\\) .*/\\1 \\2/p' > "$MKMA_ENTRY/${LIST}"`;
  return bootstrap(settings, context, {
    stage: 'tools',
    inputs: toolsInputs(settings),
    variant: 'extract',
    packages: TOOL_PACKAGES,
    finish: [list],
    makes: [TREE, LIST],
  });
}

/** The kernel's package from a suite that is not the machine's; `undefined`: it comes with the packages, or from elsewhere. */
export async function bootstrapKernel(
  settings: BuildSettings,
  context: Context,
): Promise<Result<CacheEntry | undefined>> {
  const { machine, architecture } = settings;
  const { kernel } = machine;
  if (kernel.from !== 'debian' || kernel.suite === undefined || kernel.suite === machine.suite)
    return ok(undefined);
  const { suite, package: name = `linux-image-${architecture}` } = kernel;
  const { recipe, ...mirror } = mirrorInputs(settings);
  return bootstrap(settings, context, {
    stage: 'kernel',
    suite,
    inputs: { ...mirror, recipe: recipe ?? '', suite, package: name },
    variant: 'extract',
    packages: [],
    finish: [fetchKernel(name)],
    makes: [LIST, KERNEL_PACKAGE],
  });
}

/** Sources of the definition's own repositories, as files of the tree that is bootstrapped. */
function repositoryFiles({ repositories }: Machine): Record<string, string> {
  return Object.fromEntries(
    Object.entries(repositories).map(([name, repository]) => [
      `etc/apt/sources.list.d/${name}.sources`,
      repositoryStanza(repository, readKey(repository.key)),
    ]),
  );
}

/** The kernel's package, where it comes from the machine's own suite; `undefined`: it does not. */
function ownKernelPackage({ machine, architecture }: BuildSettings): string | undefined {
  const { kernel, suite } = machine;
  if (kernel.from !== 'debian' || (kernel.suite ?? suite) !== suite) return undefined;
  return kernel.package ?? `linux-image-${architecture}`;
}

function kernelChoice(settings: BuildSettings): string {
  const { kernel } = settings.machine;
  return kernel.from === 'debian' ? `debian ${ownKernelPackage(settings) ?? ''}`.trim() : kernel.from;
}

/**
 * The kernel is unpacked beside the package database, not installed: installing would pull initramfs-tools and write
 * an initrd that a machine in RAM never uses, and upgrade a kernel that nothing boots (docs/decisions/0003).
 */
function fetchKernel(name: string): string {
  const meta = shellQuote(name);
  // One command a line: in a list with && a failure would not end the script.
  return `set -e
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
image=$(apt-cache depends ${meta} | sed -n 's/^ *Depends: \\(linux-image-[^ ]*\\)$/\\1/p' | head -n 1)
# A package with a kernel itself depends on none.
if [ -z "$image" ] && apt-cache show ${meta} >/dev/null 2>&1; then image=${meta}; fi
if [ -z "$image" ]; then echo "E: Unable to locate package ${meta}" >&2; exit 1; fi
cd "$MKMA_ENTRY"
apt-get -q download "$image"
mv ./*.deb ${KERNEL_PACKAGE}
echo "kernel $image" >> ${LIST}`;
}

/** What differs between the two bootstraps. */
interface Part
  extends Pick<BootstrapRequest, 'variant' | 'packages' | 'finish' | 'debFiles' | 'recommends' | 'files'> {
  readonly stage: 'packages' | 'tools' | 'kernel';
  /** Where it is not the machine's. */
  readonly suite?: string | undefined;
  readonly inputs: Inputs;
  /** Files that it makes. */
  readonly makes: readonly string[];
}

async function bootstrap(settings: BuildSettings, context: Context, part: Part): Promise<Result<CacheEntry>> {
  const { emit } = context;
  const { stage, inputs } = part;
  const known = settings.refresh ? undefined : findEntry(settings.cache, stage, inputs);
  const suite = part.suite ?? settings.machine.suite;
  if (known === undefined) {
    const why = settings.refresh ? 'asked to refresh' : 'not in the cache';
    emit({ type: 'stage', stage, state: 'start', detail: `${why}: bootstrapping ${suite}` });
  }
  let entry: Result<CacheEntry> | undefined;
  try {
    entry = await cached(settings.cache, {
      kind: stage,
      inputs,
      refresh: settings.refresh,
      signal: context.signal,
      onWait: () => emit({ type: 'output', stage, line: 'waiting for another build that makes the same' }),
      make: (folder) => makeEntry(folder, settings, context, part),
    });
  } finally {
    if (entry?.ok !== true) emit({ type: 'stage', stage, state: 'failed' });
  }
  if (!entry.ok) return entry;
  const count = readFileSync(join(entry.value.path, LIST), 'utf8').trimEnd().split('\n').length;
  const detail = `${count} packages of ${suite}, from ${formatMoment(entry.value.at)}`;
  emit({ type: 'stage', stage, state: known === undefined ? 'done' : 'reused', detail });
  return entry;
}

/** Fill a cache entry; resolves to its id, which names every package with its version, and how it was made. */
async function makeEntry(
  folder: string,
  settings: BuildSettings,
  context: Context,
  part: Part,
): Promise<Result<string>> {
  const debs = join(settings.cache, 'debs');
  mkdirSync(debs, { recursive: true });
  pruneDebs(debs);
  const temporary = makeScratch(join(settings.cache, 'tmp'));
  try {
    const request: BootstrapRequest = {
      ...part,
      suite: part.suite ?? settings.machine.suite,
      architecture: settings.architecture,
      components: componentsOf(settings.machine),
      mirror: settings.mirrors.main,
      securityMirror: settings.mirrors.security,
      debs,
      target: join(folder, TREE),
      temporary: temporary.path,
      sourceDateEpoch: settings.sourceDateEpoch,
    };
    const plain = bootstrapCommand(request);
    const command = { ...plain, env: { ...plain.env, MKMA_ENTRY: folder } };
    const lines: string[] = [];
    const done = await run(command, {
      signal: context.signal,
      onLine: (line) => {
        lines.push(line);
        context.emit({ type: 'output', stage: part.stage, line: line.replace(/^I: /, '') });
      },
    });
    if (!done.ok) return err(explainBootstrap(lines.join('\n'), request, renderCommand(command)));
    // What is published here is taken on trust by every later build.
    const lacking = part.makes.find(
      (name) => (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0) === 0,
    );
    if (lacking !== undefined)
      throw new Error(`mmdebstrap ended well but made no ${lacking}:\n${lines.join('\n')}`);
    const versions = readFileSync(join(folder, LIST), 'utf8');
    return ok(digestInputs({ ...part.inputs, versions }).slice(0, 20));
  } finally {
    temporary.remove();
  }
}

/** Kept packages are fetched again after this many days, so that those no build needs any more go. */
const KEEP_DEBS_DAYS = 60;

function pruneDebs(folder: string): void {
  for (const name of readdirSync(folder)) {
    const age = Date.now() - statSync(join(folder, name)).ctimeMs;
    const limit = name.startsWith('.') ? 1 : KEEP_DEBS_DAYS;
    if (age > limit * 86_400_000) rmSync(join(folder, name), { force: true });
  }
}
