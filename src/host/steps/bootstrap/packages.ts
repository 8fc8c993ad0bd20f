/** The system's packages, with the kernel's where that is of the same suite. */
import { basename } from 'node:path';
import { ok, type Result } from '../../../core/result.js';
import type { Context } from '../../context.js';
import { neededPackages } from '../../customise/customise.js';
import { PROGRAM_PACKAGES } from '../../customise/machine-program.js';
import { describeKey, type KeyReader } from '../../customise/repository-keys.js';
import { excludedPreferences, repositoryStanza } from '../../customise/sources.js';
import type { MachineConfig } from '../../definition/machine.js';
import { isDebFile, packageNameOf } from '../../definition/package-names.js';
import { stage } from '../../stage.js';
import { digestInputs, type Inputs } from '../../stages/build-state.js';
import { type CacheEntry, findEntry } from '../../stages/cache.js';
import { itemInputs } from '../../stages/differences.js';
import { digestFile } from '../../sys/digest.js';
import { removeTree } from '../../sys/remove.js';
import type { BuildSettings } from '../settings.js';
import { addPackages } from './add-packages.js';
import { foreignOf } from './architectures.js';
import { DKMS_FILES, DKMS_HOOKS } from './dkms.js';
import { bootstrap, describeEntry, INSTALLED, LIST, mirrorInputs, TREE, takeOrMake } from './engine.js';
import { bestParent, knownIncrement, treesOf } from './increments.js';
import { fetchKernel, KERNEL_NAME, ownKernelPackage, surveyKernel } from './kernel.js';
import { keyReader } from './keys.js';
import { areUnpacked } from './packages-tree.js';
import type { Part } from './part.js';

export function packagesInputs(settings: BuildSettings): Inputs {
  const { machine } = settings;
  return {
    ...mirrorInputs(settings, 'packages'),
    packages: systemPackages(machine).map(packageInput).join(' '),
    'kernel choice': kernelChoice(settings),
    ...(machine.recommends ? { recommends: 'installed' } : {}),
    ...(machine.excludePackages.length === 0 ? {} : { excluded: machine.excludePackages.join(' ') }),
    ...repositoriesInputs(machine),
  };
}

/** The definition's own repositories, each by its name. */
function repositoriesInputs(machine: MachineConfig): Inputs {
  const files = Object.entries(repositoryFiles(machine, describeKey));
  const items = files.map(([path, text]) => [
    basename(path, '.sources'),
    digestInputs({ text }).slice(0, 20),
  ]);
  return itemInputs('repositories', Object.fromEntries(items));
}

/** A package by its name, a file by its content. */
export function packageInput(name: string): string {
  return isDebFile(name) ? `${basename(name)}@${digestFile(name)}` : name;
}

/** Packages of the definition, and those that mkma itself needs on the machine. */
function systemPackages(machine: MachineConfig): string[] {
  const all = [...machine.packages, ...neededPackages(machine).map(({ name }) => name), ...PROGRAM_PACKAGES];
  return [...new Set(all)].filter((entry) => !machine.excludePackages.includes(packageNameOf(entry)));
}

/** Which fields need which packages. */
function fieldsOf(machine: MachineConfig): Map<string, readonly (string | number)[]> {
  const { kernel, packages } = machine;
  const named = (entries: readonly string[], path: string): [string, (string | number)[]][] =>
    entries.map((entry, i) => [packageNameOf(entry), [path, i]]);
  const own = kernel.from === 'debian' ? (kernel.package ?? []) : [];
  return new Map([
    ...[own].flat().map((name): [string, string[]] => [name, ['kernel', 'package']]),
    ...neededPackages(machine).map(({ name, by }): [string, readonly (string | number)[]] => [name, by]),
    ...named(packages, 'packages'),
  ]);
}

/** Those that are files. */
function debFiles(machine: MachineConfig): string[] {
  return systemPackages(machine).filter(isDebFile);
}

/** The system's packages as a tree, and the kernel's package beside it. */
export async function bootstrapPackages(
  settings: BuildSettings,
  context: Context,
): Promise<Result<CacheEntry>> {
  const part = await packagesPart(settings, context);
  return part.ok ? bootstrapOrAdd(settings, context, part.value) : part;
}

/** What is fetched for it. */
export async function packagesPart(
  settings: BuildSettings,
  { signal }: Pick<Context, 'signal'>,
): Promise<Result<Part>> {
  const { machine } = settings;
  const kernel = ownKernelPackage(settings);
  const withKernel = kernel !== undefined;
  const isDefault = machine.kernel.from === 'debian' && machine.kernel.package === undefined;
  const foreign = await foreignOf(systemPackages(machine), settings.architecture, signal);
  if (!foreign.ok) return foreign;
  const excluded = excludedPreferences(machine.excludePackages);
  return ok({
    stage: 'packages',
    kernel,
    inputs: packagesInputs(settings),
    variant: 'minbase',
    packages: systemPackages(machine).filter((name) => !isDebFile(name)),
    fields: fieldsOf(machine),
    debFiles: debFiles(machine),
    foreignArchitectures: foreign.value,
    recommends: machine.recommends,
    files: {
      ...DKMS_FILES,
      ...repositoryFiles(machine, keyReader(settings)),
      ...(excluded === undefined ? {} : { 'etc/apt/preferences.d/mkma-excluded': excluded }),
    },
    finish: [INSTALLED, ...(withKernel ? [fetchKernel(kernel, isDefault)] : []), ...DKMS_HOOKS],
    ...(withKernel ? { surveys: [surveyKernel(kernel)] } : {}),
    makes: withKernel ? [TREE, LIST, KERNEL_NAME] : [TREE, LIST],
  });
}

/** What was added before, if all of its trees are as they were made. */
async function soundIncrement(
  settings: BuildSettings,
  part: Part,
  context: Context,
): Promise<CacheEntry | undefined> {
  const known = knownIncrement(settings, part);
  if (known === undefined || settings.lacking !== undefined) return known;
  const trees = await treesOf(settings, known, context);
  if (trees.ok) return known;
  context.emit({ type: 'warning', problem: trees.problem });
  removeTree(known.path);
  return undefined;
}

/** Takes the packages from the cache, adds those that a cached tree lacks, or installs all of them. */
async function bootstrapOrAdd(
  settings: BuildSettings,
  context: Context,
  part: Part,
): Promise<Result<CacheEntry>> {
  const { suite } = settings.machine;
  const whole = findEntry(settings.cache, part.stage, part.inputs);
  const isRead = whole !== undefined && !areUnpacked(settings.cache, whole);
  // What is read is examined first; a lock has other versions than the trees in the cache.
  if (settings.refresh || isRead || settings.lock !== undefined) return bootstrap(settings, context, part);
  const known = whole ?? (await soundIncrement(settings, part, context));
  if (known !== undefined) {
    const detail = describeEntry(known, suite);
    if (settings.lacking === undefined)
      context.emit({ type: 'stage', stage: part.stage, state: 'reused', detail });
    return ok(known);
  }
  const parent = settings.lacking === undefined ? bestParent(settings, part) : undefined;
  if (parent === undefined) return bootstrap(settings, context, part);
  const add = async (): Promise<Result<CacheEntry>> => {
    const added = await addPackages(settings, part, parent, context);
    if (!added.ok || 'path' in added.value) return added as Result<CacheEntry>;
    context.emit({ type: 'note', text: `installing all packages again: ${added.value.slow}` });
    return takeOrMake(settings, context, part);
  };
  const why = `adding ${parent.added.join(', ')} to packages in the cache`;
  return stage(context, part.stage, why, add, (entry) => describeEntry(entry, suite));
}

/**
 * Sources of the definition's own repositories, as files of the bootstrapped tree; with {@link describeKey}
 * as an input.
 */
export function repositoryFiles({ repositories }: MachineConfig, read: KeyReader): Record<string, string> {
  return Object.fromEntries(
    Object.entries(repositories).map(([name, repository]) => {
      // dpkg runs inside the tree, without the files of this host: apt must copy them.
      const uri = repository.uri.replace(/^file:/, 'copy:');
      return [
        `etc/apt/sources.list.d/${name}.sources`,
        repositoryStanza({ ...repository, uri }, read(repository.key)),
      ];
    }),
  );
}

function kernelChoice(settings: BuildSettings): string {
  const { kernel } = settings.machine;
  return kernel.from === 'debian' ? `debian ${ownKernelPackage(settings) ?? ''}`.trim() : kernel.from;
}
