/** `mkma build`: from a definition to images that boot. */

import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type KernelParameter, parseCmdline } from '../../core/boot/cmdline.js';
import type { InitramfsBytes } from '../../core/boot/initramfs.js';
import { FILES } from '../../core/contract.js';
import { generationEntries } from '../../core/generations/entries.js';
import { type BootEntry, isOnVolumes, ownParameters } from '../../core/loader/entry.js';
import { grubEntry } from '../../core/loader/grub.js';
import { type Err, err, ok, type Result } from '../../core/result.js';
import { formatBytes } from '../../core/text/size.js';
import { formatMoment } from '../../core/text/time.js';
import { bootCmdline, initrdsIn, withBootFiles } from '../boot-entry/entry.js';
import { doubtOf, locate, type Placement } from '../boot-entry/placement.js';
import type { Context, Emit } from '../context.js';
import { type HookPlace, runHooks } from '../customise/hooks.js';
import { loginsIn } from '../customise/tree-logins.js';
import { noteSource } from '../definition/built-from.js';
import type { MachineConfig } from '../definition/machine.js';
import type { Savings } from '../leave-out/leave-out.js';
import { savingLines } from '../leave-out/tell.js';
import { type KeptOut, keptOutLines } from '../pack/kept-out.js';
import { openGenerations } from '../set/generations.js';
import { findBase } from '../set/images.js';
import { stage } from '../stage.js';
import { type PipelineResult, runPipeline } from '../steps/pipeline.js';
import type { BuildSettings } from '../steps/settings.js';
import { writeFileWhole } from '../sys/files.js';
import { MAKE_SPACE, roomLines } from '../sys/no-space.js';
import { type OutputFolder, openOutput } from '../sys/output.js';
import type { Times } from '../times.js';
import { type Watched, watch } from '../watch.js';
import { type BuiltGeneration, keepFlat, makeGeneration } from './build-generation.js';
import { settleStorage } from './build-storage.js';
import { type BuildFacts, buildFacts, factLines } from './build-summary.js';

export interface BuildResult extends BuildFacts {
  readonly output: string;
  /** Whether anything had to be built. */
  readonly changed: boolean;
  /** Stages that ran. */
  readonly ran: readonly string[];
  readonly kernelRelease: string;
  readonly files: Readonly<Record<string, number>>;
  /** Bytes of RAM that the base takes. */
  readonly unpackedBytes: number;
  /** Unpacked bytes of the initramfs. */
  readonly initramfsBytes: InitramfsBytes;
  /** What was left out, and what leaving out more would save. */
  readonly savings?: Savings | undefined;
  /** What the base leaves out of `chroot/`, whoever put it there. */
  readonly keptOut: readonly KeptOut[];
  /** Who can log in, and how, from the tree. */
  readonly logins: readonly string[];
  /** The generation that was made, or has these images already; absent: none was wanted. */
  readonly generation?: number;
  /** Generations that were dropped. */
  readonly dropped?: readonly number[] | undefined;
  readonly cmdline: string;
  readonly bootEntry: readonly string[];
  readonly lines: readonly string[];
}

/** Builds the machine into the output folder. */
export async function build(asked: BuildSettings, context: Context): Promise<Result<BuildResult>> {
  const output = await openOutput(asked.output, asked.owner, context.signal);
  if (!output.ok) return output;
  const watched = watch(output.value.path, asked.owner, context);
  const began = performance.now();
  try {
    const built = await buildInto(output.value, asked, watched, began);
    return built.ok ? built : err(watched.withLog(built.problem));
  } finally {
    output.value.close((problem) => context.emit({ type: 'warning', problem }));
    watched.close();
  }
}

async function buildInto(
  output: OutputFolder,
  asked: BuildSettings,
  { context, times }: Watched,
  began: number,
): Promise<Result<BuildResult>> {
  const placement = await locate(output.path, context.signal);
  if (!placement.ok) return placement;
  const settled = settleStorage(asked, placement.value);
  if (!settled.ok) return settled;
  const settings = settled.value;
  const kept = await keepFlat(output.path, settings, context);
  if (!kept.ok) return kept;
  const built = await runPipeline(settings, output, context);
  if (!built.ok) return withOptions(built, settings);
  noteSource(output.path, settings.source, settings.owner);
  const append = ownParameters(parseCmdline(settings.machine.cmdline.join(' ')));
  const cmdline = bootCmdline(placement.value, append);
  writeFileWhole(join(output.path, FILES.cmdline), `${cmdline}\n`, settings.owner);
  const place = {
    root: join(output.path, FILES.chroot),
    output: output.path,
    epoch: settings.sourceDateEpoch,
    fetching: settings.reach.variables,
    network: settings.offline !== true,
    kernel: built.value.kernelRelease,
  };
  const hooked = await imageHooks(settings.machine, place, context);
  if (!hooked.ok) return hooked;
  const doubt = doubtOf(placement.value);
  if (doubt !== undefined) context.emit({ type: 'warning', problem: doubt });
  const generation = await makeGeneration(output.path, settings, context);
  if (!generation.ok) return generation;
  const boot = { placement: placement.value, append, cmdline };
  const ended = { ...built.value, generation: generation.value, times, began };
  return describe(settings, output.path, ended, boot);
}

/** Hooks that run once everything is published: a stage of their own. */
function imageHooks(machine: MachineConfig, place: HookPlace, context: Context): Promise<Result<void>> {
  const count = machine.hooks.filter(({ at }) => at === 'images').length;
  if (count === 0) return Promise.resolve(ok());
  const emit: Emit = (event) => context.emit('stage' in event ? { ...event, stage: 'hooks' } : event);
  return stage(context, 'hooks', 'at images', () => runHooks('images', machine, place, { ...context, emit }));
}

/** A full file system can be another one by options of this command. */
function withOptions(failed: Err, { output, cache }: BuildSettings): Err {
  const { problem } = failed;
  if (problem.code !== 'no-space') return failed;
  const why = [problem.why ?? '', ...roomLines(output, cache)].filter(Boolean).join('\n');
  return err({ ...problem, why, next: MAKE_SPACE });
}

const NOBODY = 'nobody can log in: give a user authorizedKeys (with an ssh server), a password or autologin';

/** A build whose images are published. `began`: milliseconds, by the clock of performance.now(). */
interface Ended extends PipelineResult {
  readonly generation: BuiltGeneration | undefined;
  readonly times: Times;
  readonly began: number;
}

/** How the images boot from their present location. */
interface Boot {
  readonly placement: Placement;
  /** What the definition adds to the command line. */
  readonly append: readonly KernelParameter[];
  readonly cmdline: string;
}

async function describe(
  settings: BuildSettings,
  output: string,
  built: Ended,
  { placement, append, cmdline }: Boot,
): Promise<Result<BuildResult>> {
  const base = findBase(output);
  if (!base.ok) return base;
  const { name, info } = base.value;
  const { manifest } = info;
  if (manifest === undefined) throw new Error('a base without a manifest was published');
  const machine = {
    name: settings.machine.hostname,
    initrds: initrdsIn(output),
    append,
  };
  const entry = entryLines(output, machine, placement);
  const microcode = existsSync(join(output, FILES.microcode));
  const names = [name, FILES.initramfs, ...(microcode ? [FILES.microcode] : []), FILES.kernel];
  const files = Object.fromEntries(names.map((file) => [file, statSync(join(output, file)).size]));
  const { tools, modules } = built.initramfsBytes;
  const changed = built.ran.length > 0;
  const logins = loginsIn(join(output, FILES.chroot));
  const descriptions: Record<string, string> = {
    [name]: `${formatBytes(manifest.unpackedBytes)} in RAM, ${manifest.inodes} files`,
    [FILES.initramfs]: `early boot: tools ${formatBytes(tools)}, kernel modules ${formatBytes(modules)}`,
    [FILES.microcode]: 'CPU microcode, which the kernel loads first',
    [FILES.kernel]: built.kernelRelease,
  };
  const seconds = Math.round(performance.now() - built.began) / 1000;
  const installed = manifest.kind === 'base' ? (manifest.packages ?? '') : '';
  const count = installed.split('\n').filter(Boolean).length;
  const work = buildFacts({ count, largest: built.largest }, built.times, built.kept, seconds);
  const head = changed
    ? `${settings.machine.hostname} is built: ${output}`
    : `nothing changed since ${formatMoment(built.at)}: ${output} (--refresh asks the mirror for newer packages)`;
  const lines = [
    head,
    '',
    ...names.map(
      (file) => `  ${file.padEnd(20)} ${formatBytes(files[file] ?? 0).padStart(9)}  ${descriptions[file]}`,
    ),
    ...savingLines(built.savings),
    ...keptOutLines(built.keptOut),
    ...(changed ? ['', ...factLines(work)] : []),
    ...(built.generation === undefined ? [] : ['', ...built.generation.lines.map((line) => `  ${line}`)]),
    '',
    `  ${'logins'.padEnd(20)} ${logins.join('; ') || NOBODY}`,
    ...(entry.length === 0 ? [] : ['', 'Boot loader entry (GRUB):', '', ...entry.map((line) => `  ${line}`)]),
  ];
  const { unpackedBytes } = manifest;
  const { ran, kernelRelease } = built;
  const { initramfsBytes, savings, keptOut } = built;
  const facts = { kernelRelease, files, unpackedBytes, initramfsBytes, savings, keptOut, logins, ...work };
  const { number, dropped } = built.generation ?? {};
  const generation = number === undefined ? {} : { generation: number, dropped };
  return ok({ output, changed, ran, ...facts, ...generation, cmdline, bootEntry: entry, lines });
}

/** The entry of the default generation, or of the folder's own images. */
function entryLines(
  output: string,
  machine: Pick<BootEntry, 'name' | 'initrds' | 'append'>,
  placement: Placement,
): string[] {
  if (!placement.bootable) return [];
  const { device, path, opening } = placement;
  const place = { device, images: path, append: [], opening };
  const entries = generationEntries(openGenerations(output), place);
  const first = entries.find(({ generation }) => generation?.isDefault === true);
  const entry = first ?? { ...machine, device, path, opening };
  const note =
    '# Kernel and initramfs have to be on a plain file system: mkma boot-entry --write copies them.';
  return [...(isOnVolumes(entry) ? [note] : []), ...grubEntry(withBootFiles(entry))];
}
