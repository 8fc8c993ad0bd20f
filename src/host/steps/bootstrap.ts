/** The stages that come from the mirror: the system's packages, the kernel's package, and early boot's tools. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Result } from '../../core/result.js';
import { formatMoment } from '../../core/time.js';
import type { Context } from '../context.js';
import { TOOL_PACKAGES } from '../initramfs/contents.js';
import type { Inputs } from '../stages/book.js';
import { type CacheEntry, cached, findEntry } from '../stages/cache.js';
import { renderCommand, shellQuote } from '../sys/command.js';
import { run } from '../sys/run.js';
import { makeScratch } from '../sys/scratch.js';
import { type BootstrapRequest, bootstrapCommand, explainBootstrap } from '../tools/mmdebstrap.js';
import type { BuildSettings } from './settings.js';

/** Raised whenever the same inputs shall give another result. */
const RECIPE = '2';

/** Files of a cache entry. */
export const TREE = 'tree.tar.zst';
const LIST = 'packages.txt';

function mirrorInputs(settings: BuildSettings): Inputs {
  const { machine, mirrors, architecture, sourceDateEpoch } = settings;
  return {
    recipe: RECIPE,
    suite: machine.suite,
    architecture,
    components: machine.components.join(' '),
    mirror: mirrors.main,
    'security mirror': mirrors.security,
    ...(sourceDateEpoch === undefined ? {} : { SOURCE_DATE_EPOCH: String(sourceDateEpoch) }),
  };
}

export function packagesInputs(settings: BuildSettings): Inputs {
  const { machine } = settings;
  return {
    ...mirrorInputs(settings),
    packages: machine.packages.join(' '),
    'kernel choice': machine.kernel.from,
  };
}

export function toolsInputs(settings: BuildSettings): Inputs {
  return { ...mirrorInputs(settings), packages: TOOL_PACKAGES.join(' ') };
}

/** The entries of an earlier build, where the cache still has both. */
export function knownBootstrap(
  settings: BuildSettings,
): { packages: CacheEntry; tools: CacheEntry } | undefined {
  const packages = findEntry(settings.cache, 'packages', packagesInputs(settings));
  const tools = findEntry(settings.cache, 'tools', toolsInputs(settings));
  return packages === undefined || tools === undefined ? undefined : { packages, tools };
}

/** The system's packages as a tree, and the kernel's package beside it. */
export async function bootstrapPackages(
  settings: BuildSettings,
  context: Context,
): Promise<Result<CacheEntry>> {
  const { machine } = settings;
  const list = `chroot "$1" dpkg-query -W -f '\${Package} \${Version} \${Architecture}\\n' > "$MKMA_ENTRY/${LIST}"`;
  const finish = machine.kernel.from === 'debian' ? [list, fetchKernel(settings.architecture)] : [list];
  return bootstrap('packages', packagesInputs(settings), settings, context, {
    variant: 'minbase',
    packages: machine.packages,
    finish,
  });
}

/** The programs of early boot with their libraries, from the built suite. */
export async function bootstrapTools(settings: BuildSettings, context: Context): Promise<Result<CacheEntry>> {
  // Nothing is installed here, so apt itself has to tell what it took.
  const simulate = `apt-get --simulate --no-install-recommends install ${TOOL_PACKAGES.join(' ')}`;
  const list = `sed -n 's/^Inst \\([^ ]*\\) (\\([^ ]*\\) .*/\\1 \\2/p' > "$MKMA_ENTRY/${LIST}"`;
  const finish = [`export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"; ${simulate} | ${list}`];
  const inputs = toolsInputs(settings);
  return bootstrap('tools', inputs, settings, context, {
    variant: 'extract',
    packages: TOOL_PACKAGES,
    finish,
  });
}

/**
 * The kernel is unpacked beside the package database, not installed: installing would pull initramfs-tools and write
 * an initrd that a machine in RAM never uses, and upgrade a kernel that nothing boots (docs/decisions/0003).
 */
function fetchKernel(architecture: string): string {
  const meta = shellQuote(`linux-image-${architecture}`);
  return `set -e; export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
image=$(apt-cache depends ${meta} | sed -n 's/^ *Depends: \\(linux-image-[^ ]*\\)$/\\1/p' | head -n 1)
[ -n "$image" ] || { echo "E: Unable to locate package ${meta}" >&2; exit 1; }
cd "$MKMA_ENTRY" && apt-get -q download "$image" && mv ./*.deb kernel.deb
echo "kernel $image" >> ${LIST}`;
}

async function bootstrap(
  stage: 'packages' | 'tools',
  inputs: Inputs,
  settings: BuildSettings,
  context: Context,
  part: Pick<BootstrapRequest, 'variant' | 'packages' | 'finish'>,
): Promise<Result<CacheEntry>> {
  const { emit } = context;
  const known = settings.refresh ? undefined : findEntry(settings.cache, stage, inputs);
  const { suite } = settings.machine;
  if (known === undefined) {
    const why = settings.refresh ? 'asked to refresh' : 'not in the cache';
    emit({ type: 'stage', stage, state: 'start', detail: `${why}: bootstrapping ${suite}` });
  }
  const entry = await cached(settings.cache, {
    kind: stage,
    inputs,
    refresh: settings.refresh,
    make: (folder) => makeEntry(stage, folder, settings, context, part),
  });
  if (!entry.ok) {
    emit({ type: 'stage', stage, state: 'failed' });
    return entry;
  }
  const count = readFileSync(join(entry.value.path, LIST), 'utf8').trimEnd().split('\n').length;
  const state = known === undefined ? 'done' : 'reused';
  emit({
    type: 'stage',
    stage,
    state,
    detail: `${count} packages of ${suite}, from ${formatMoment(entry.value.at)}`,
  });
  return entry;
}

async function makeEntry(
  stage: string,
  folder: string,
  settings: BuildSettings,
  context: Context,
  part: Pick<BootstrapRequest, 'variant' | 'packages' | 'finish'>,
): Promise<Result<string>> {
  const debs = join(settings.cache, 'debs');
  mkdirSync(debs, { recursive: true });
  const temporary = makeScratch(join(settings.cache, 'tmp'));
  try {
    const request: BootstrapRequest = {
      ...part,
      suite: settings.machine.suite,
      architecture: settings.architecture,
      components: settings.machine.components,
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
        context.emit({ type: 'output', stage, line: line.replace(/^I: /, '') });
      },
    });
    if (!done.ok) return err(explainBootstrap(lines.join('\n'), request, renderCommand(command)));
    return ok(identify(folder));
  } finally {
    temporary.remove();
  }
}

/** The entry's identity: every package with its version. */
function identify(folder: string): string {
  const hash = createHash('sha256').update(readFileSync(join(folder, LIST)));
  for (const name of readdirSync(folder).sort()) hash.update(`\0${name}`);
  return hash.digest('hex').slice(0, 20);
}
