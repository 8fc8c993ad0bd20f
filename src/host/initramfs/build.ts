/**
 * The stage that builds `initramfs/` and packs it: early boot's programs and the kernel modules that reach
 * the storage.
 */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type InitramfsBytes, initramfsPart } from '../../core/boot/initramfs.js';
import { FILES } from '../../core/contract.js';
import { planArchive } from '../../core/image/archive-plan.js';
import { err, ok, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import type { MachineConfig } from '../definition/machine.js';
import { storageKinds } from '../definition/storage-kinds.js';
import { driversFor, type Hardware, hardwareDigest } from '../hardware/host-hardware.js';
import { modulesFolder } from '../kernel/module-folders.js';
import { moduleName, noSuchModule, parseModuleIndex } from '../kernel/modules.js';
import { readModuleTexts } from '../kernel/texts.js';
import { scanTree } from '../pack/scan.js';
import { step } from '../stage.js';
import type { Inputs, StageRecord } from '../stages/build-state.js';
import { digestFile } from '../sys/digest.js';
import { resolveInTree } from '../sys/tree-files.js';
import { assembleInitramfs } from './assemble.js';
import { ALWAYS_LOADED, APPLETS, COPIED_FOLDERS, GENERIC_MODULES, PROGRAMS } from './contents.js';
import { firmwareStamp } from './firmware.js';
import { layoutName } from './keymap.js';
import { wantedModules } from './module-set.js';
import { packInitramfs } from './pack.js';
import { storageModules, storagePrograms } from './storage.js';
import { zstdIn } from './zstd.js';

/** Increased whenever the same inputs must give another initramfs. */
const RECIPE = '3';

/** Settings of early boot. */
export interface InitramfsSettings {
  readonly machine: Pick<MachineConfig, 'initramfs' | 'suite' | 'xino' | 'cmdline' | 'keyboard'>;
  readonly architecture: string;
  /** zstd level, 1 to 19. */
  readonly level: number;
  /** Seconds since the epoch that no time stamp may exceed. */
  readonly sourceDateEpoch?: number | undefined;
  /** The building machine's. */
  readonly hardware: Hardware;
  /** Folder with the compiled guest programs. */
  readonly programs: string;
  /** mkma's version. */
  readonly version: string;
}

/** Identifies the tools that early boot's programs are taken from. */
export interface Tools {
  /** The id of the bootstrapped tools. */
  readonly id: string;
  /** Their own inputs. */
  readonly inputs: Inputs;
}

/**
 * Everything the initramfs depends on; `kernel` identifies the kernel whose modules it takes, `root` is the
 * tree with its firmware.
 */
export function initramfsInputs(
  settings: InitramfsSettings,
  tools: Tools,
  kernel: string,
  root: string,
): Inputs {
  const { modules, extraModules, binaries, keepKey, encryptedShell } = settings.machine.initramfs;
  const storage = storageKinds(settings.machine);
  const { recipe, packages, ...mirror } = tools.inputs;
  return {
    ...mirror,
    recipe: `${recipe} ${RECIPE}`,
    mkma: settings.version,
    kernel,
    firmware: firmwareStamp(root),
    tools: packages ?? '',
    'tools versions': tools.id,
    init: digestFile(join(settings.programs, 'init.js')) + digestFile(join(settings.programs, 'init.sh')),
    modules: modules === 'hardware' ? `hardware ${hardwareDigest(settings.hardware)}` : modules,
    contents: createHash('sha256')
      .update(
        JSON.stringify([
          [...PROGRAMS, ...storagePrograms(storage)],
          APPLETS,
          COPIED_FOLDERS,
          GENERIC_MODULES,
          ALWAYS_LOADED,
        ]),
      )
      .digest('hex'),
    ...(settings.machine.xino ? {} : { xino: 'off' }),
    ...(storage.length === 0 ? {} : { storage: storage.join(' ') }),
    ...(storage.includes('luks') ? { keyboard: JSON.stringify(settings.machine.keyboard ?? '') } : {}),
    ...(keepKey && storage.includes('luks') ? { 'keep key': 'yes' } : {}),
    ...(encryptedShell ? { 'encrypted shell': 'yes' } : {}),
    ...(extraModules.length === 0 ? {} : { 'extra modules': extraModules.join(' ') }),
    ...(binaries.length === 0 ? {} : { binaries: binaries.map((path) => stampIn(root, path)).join(' ') }),
    'compression level': String(settings.level),
    ...(settings.sourceDateEpoch === undefined
      ? {}
      : { SOURCE_DATE_EPOCH: String(settings.sourceDateEpoch) }),
  };
}

/** A program of the tree at `root`, identified by name, size and time. */
function stampIn(root: string, path: string): string {
  const found = statSync(resolveInTree(root, path, true), { throwIfNoEntry: false });
  return found === undefined ? path : `${path}@${found.size}@${found.mtimeMs}`;
}

export interface PackedInitramfs {
  /** Bytes of the file. */
  readonly size: number;
  /** Unpacked. */
  readonly bytes: InitramfsBytes;
}

/** The sizes as outputs in a stage's record, and back. */
export function bytesFacts({ tools, modules }: InitramfsBytes): Record<string, string> {
  return { 'bytes of tools': String(tools), 'bytes of modules': String(modules) };
}

export function bytesOf(record: StageRecord | undefined): InitramfsBytes {
  const { output = {} } = record ?? {};
  return { tools: Number(output['bytes of tools'] ?? 0), modules: Number(output['bytes of modules'] ?? 0) };
}

/**
 * Names of the modules that the definition selects; `modules` is the kernel's module folder in the tree at
 * `root`.
 */
async function modulesFor(
  { machine, hardware }: InitramfsSettings,
  { root, release, modules }: { readonly root: string; readonly release: string; readonly modules: string },
  { signal }: Context,
): Promise<Result<string[]>> {
  const { modules: set, extraModules } = machine.initramfs;
  const texts = await readModuleTexts(modules, release);
  if (!texts.ok) return texts;
  const present = set === 'hardware' ? await driversFor(hardware, root, release, signal) : ok([]);
  if (!present.ok) return present;
  const index = parseModuleIndex(texts.value);
  const unknown = extraModules.find((name) => !index.files.has(moduleName(name)));
  if (unknown !== undefined) return err(noSuchModule(unknown, ['initramfs', 'extraModules'], release));
  const opening = storageModules(storageKinds(machine), index);
  return ok([...new Set([...wantedModules(set, index, present.value), ...opening, ...extraModules])]);
}

/**
 * Builds tree and file in `scratch`, with programs from the tree at `tools` and modules from the one at
 * `root`.
 */
export async function buildInitramfs(
  settings: InitramfsSettings,
  tools: string,
  root: string,
  release: string,
  scratch: string,
  context: Context,
): Promise<Result<PackedInitramfs>> {
  const target = join(scratch, FILES.initramfsTree);
  const modules = join(modulesFolder(root), release);
  const wanted = await step(context, 'initramfs', 'choosing modules', (inner) =>
    modulesFor(settings, { root, release, modules }, inner),
  );
  if (!wanted.ok) return wanted;
  const contents = {
    tools,
    root,
    modules,
    wanted: wanted.value,
    binaries: settings.machine.initramfs.binaries,
    release,
    program: join(settings.programs, 'init.js'),
    stub: join(settings.programs, 'init.sh'),
    target,
    mkma: settings.version,
    suite: settings.machine.suite,
    architecture: settings.architecture,
    xino: settings.machine.xino,
    storage: storageKinds(settings.machine),
    keyboard: layoutName(settings.machine),
    keepKey: settings.machine.initramfs.keepKey,
    encryptedShell: settings.machine.initramfs.encryptedShell,
  };
  const assembled = await step(context, 'initramfs', 'assembling', (inner) =>
    assembleInitramfs(contents, inner),
  );
  if (!assembled.ok) return assembled;
  const tree = await scanTree(target, context.signal);
  if (!tree.ok) return tree;
  const plan = planArchive(tree.value.entries, tree.value.devices, { latestMtime: settings.sourceDateEpoch });
  if (!plan.ok) return plan;
  const total = plan.value.bytes;
  const zstd = await zstdIn(tools);
  const size = await step(context, 'initramfs', 'packing', ({ emit }) =>
    packInitramfs({
      root: target,
      plan: plan.value,
      level: settings.level,
      zstd,
      threads: availableParallelism(),
      target: join(scratch, FILES.initramfs),
      signal: context.signal,
      onProgress: (done) => emit({ type: 'progress', stage: 'initramfs', done, total, unit: 'bytes' }),
    }),
  );
  if (!size.ok) return size;
  const bytes = { tools: 0, modules: 0 };
  const records = plan.value.segments.flatMap((segment) => segment.records);
  for (const { path, size: length } of records) bytes[initramfsPart(path)] += length;
  return ok({ size: size.value, bytes });
}
