/** `mkma boot-entry`: what a boot loader needs to boot the built images, printed or written. */
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { KernelParameter } from '../../core/boot/cmdline.js';
import { PLAIN } from '../../core/boot/opening.js';
import { generationEntries, machineName } from '../../core/generations/entries.js';
import { type Generations, without } from '../../core/generations/read.js';
import { type BootEntry, entryName, isOnVolumes, ownParameters } from '../../core/loader/entry.js';
import { grubEntry } from '../../core/loader/grub.js';
import { systemdBootEntry } from '../../core/loader/systemd-boot.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import {
  findPlaces,
  type Loader,
  type LoaderPlaces,
  loadersToPrint,
  loadersToWrite,
  type PlaceOptions,
} from '../boot-entry/choose.js';
import { cmdlineIn, initrdsIn, withBootFiles } from '../boot-entry/entry.js';
import { isFat } from '../boot-entry/find.js';
import { doubtOf, locate, type Placement } from '../boot-entry/placement.js';
import {
  type BootFolder,
  type PlacedEntry,
  type Plan,
  planGrub,
  planSystemdBoot,
} from '../boot-entry/plan.js';
import { rememberEntries, rememberedEntries } from '../boot-entry/remembered.js';
import { changeLines, entryLines, type LoaderResult } from '../boot-entry/tell.js';
import { requireRoom, writePlan } from '../boot-entry/write.js';
import type { Context } from '../context.js';
import { generationFolder, openGenerations } from '../set/generations.js';
import { findWhole } from '../set/whole.js';
import { whatCannotOpen } from './entries-open.js';

export interface BootEntryOptions extends PlaceOptions {
  /** Folder with the images, absolute. */
  readonly output: string;
  /** Boot loaders to write for; none: those found. */
  readonly loader?: Loader | 'all' | undefined;
  /** Where the images will be, if not where `output` is now. */
  readonly placement?: Placement | undefined;
  readonly append: readonly KernelParameter[];
  /** Generations that are about to be dropped: they get no entry. */
  readonly without?: readonly number[] | undefined;
  readonly write: boolean;
  /** Only report what would be written. */
  readonly dryRun: boolean;
}

export interface BootEntryResult {
  readonly written: boolean;
  readonly entries: readonly LoaderResult[];
  readonly lines: readonly string[];
}

/** Entries of one machine. */
interface Entries {
  readonly name: string;
  /** The newest first. */
  readonly all: readonly PlacedEntry[];
}

export async function bootEntry(
  options: BootEntryOptions,
  context: Context,
): Promise<Result<BootEntryResult>> {
  const entries = await readEntries(options, context);
  if (!entries.ok) return entries;
  for (const problem of await whatCannotOpen(entries.value.all, context.signal))
    context.emit({ type: 'warning', problem });
  const found = await findPlaces(options, context.signal);
  if (!found.ok) return found;
  const places = found.value;
  return options.write || options.dryRun
    ? writeEntries(entries.value, options, places, context)
    : printEntries(entries.value, options, places);
}

async function printEntries(
  all: Entries,
  options: BootEntryOptions,
  places: LoaderPlaces,
): Promise<Result<BootEntryResult>> {
  const entries: LoaderResult[] = [];
  for (const loader of loadersToPrint(options.loader, places)) {
    const plan = await planFor(loader, all, places);
    if (!plan.ok) return plan;
    entries.push(describe(loader, all, plan.value));
  }
  return ok({ written: false, entries, lines: entryLines(entries) });
}

async function writeEntries(
  all: Entries,
  options: BootEntryOptions,
  places: LoaderPlaces,
  context: Context,
): Promise<Result<BootEntryResult>> {
  const loaders = loadersToWrite(options.loader, places, options.root);
  if (!loaders.ok) return loaders;
  const entries: LoaderResult[] = [];
  const lines: string[] = [];
  for (const loader of loaders.value) {
    const plan = await planFor(loader, all, places);
    if (!plan.ok) return plan;
    if (plan.value === undefined) throw new Error(`${loader} is to be written, but was not found`);
    const written = options.dryRun ? requireRoom(plan.value) : await writePlan(plan.value);
    if (!written.ok) return written;
    const unseen = await whyUnseen(loader, places, context.signal);
    if (unseen !== undefined) context.emit({ type: 'warning', problem: unseen });
    const result = describe(loader, all, plan.value);
    entries.push(result);
    lines.push(...changeLines(result, plan.value, !options.dryRun));
  }
  if (!options.dryRun) {
    const { root, grubDir, esp, loader, placement, append } = options;
    rememberEntries(options.output, { name: all.name, root, grubDir, esp, loader, placement, append });
  }
  return ok({ written: !options.dryRun, entries, lines });
}

/** The facts of the entries: from the images, and from their location. */
async function readEntries(options: BootEntryOptions, context: Context): Promise<Result<Entries>> {
  const { output } = options;
  const found = openGenerations(output);
  const generations = (options.without ?? []).reduce(without, found);
  const flat = generations.all.length === 0 ? checkFlat(output, context) : ok(undefined);
  if (!flat.ok) return flat;
  const located = options.placement
    ? ok(options.placement)
    : await locate(realpathSync(output), context.signal);
  if (!located.ok) return located;
  if (!located.value.bootable) return err(located.value.problem);
  // Where the images are known to be on plain storage, volumes that their command line names are those of
  // before.
  const placement = options.placement ? { ...located.value } : { opening: PLAIN, ...located.value };
  const doubt = options.placement ? undefined : doubtOf(placement);
  if (doubt !== undefined) context.emit({ type: 'warning', problem: doubt });
  if (generations.all.length > 0) return entriesOfGenerations(options, generations, placement, context);
  const name = entryName(flat.value);
  const append = [...ownParameters(cmdlineIn(output)), ...options.append];
  const { device, path, opening } = placement;
  const entry: BootEntry = { name, device, path, opening, initrds: initrdsIn(output), append };
  return ok({ name, all: [{ entry, images: output }] });
}

/** The hostname of a folder's own images, which are whole. */
function checkFlat(output: string, context: Context): Result<string | undefined> {
  const base = findWhole(output);
  if (!base.ok) return base;
  for (const problem of base.value.warnings) context.emit({ type: 'warning', problem });
  return ok(base.value.info.manifest?.name);
}

function entriesOfGenerations(
  { output, append }: BootEntryOptions,
  generations: Generations,
  { device, path, opening }: Placement & { readonly bootable: true },
  context: Context,
): Result<Entries> {
  const name = rememberedEntries(output)?.name ?? machineName(generations);
  const entries = generationEntries(generations, { device, images: path, append, opening, name });
  const incomplete = generations.all.flatMap(({ problem }) => problem ?? []);
  if (entries.length === 0) return err(incomplete[0] as Problem);
  for (const problem of incomplete) context.emit({ type: 'warning', problem });
  const all = entries.map((entry) => ({
    entry,
    images: generationFolder(output, entry.generation?.number as number),
  }));
  return ok({ name, all });
}

/**
 * What writing for a loader does; `undefined` if the loader was not found (its entries are printed
 * nevertheless).
 */
async function planFor(
  loader: Loader,
  { name, all }: Entries,
  places: LoaderPlaces,
): Promise<Result<Plan | undefined>> {
  if (loader === 'grub') {
    if (places.grub === undefined) return ok(undefined);
    const { folder } = places.grub;
    const boot = all.some(({ entry }) => isOnVolumes(entry))
      ? await bootFolder(dirname(folder))
      : ok(undefined);
    return boot.ok ? planGrub(name, all, folder, boot.value) : boot;
  }
  return ok(places.esp === undefined ? undefined : await planSystemdBoot(name, all, places.esp));
}

/** The folder of GRUB's own folder, which has to be on a plain file system. */
async function bootFolder(folder: string): Promise<Result<BootFolder>> {
  const placement = await locate(realpathSync(folder));
  if (!placement.ok) return placement;
  const { value } = placement;
  if (value.bootable && value.opening === undefined) {
    return ok({ folder, device: value.device, path: value.path });
  }
  return err({
    code: 'boot-folder-not-plain',
    what: 'GRUB cannot read kernel and initramfs of these images',
    where: folder,
    why: `the images are on encrypted or logical volumes, which early boot opens, and ${folder}, where copies would be, is not on a plain file system`,
    next: 'use a separate, plain /boot, or systemd-boot, which reads copies on the ESP',
  });
}

function describe(loader: Loader, { name, all }: Entries, plan: Plan | undefined): LoaderResult {
  const own = plan?.writes[0];
  const copied = plan?.copies[0];
  return {
    loader,
    entry: all.flatMap(({ entry }, i) => {
      if (loader === 'grub') return grubEntry(plan?.entries?.[i] ?? withBootFiles(entry));
      const text = plan?.writes[i]?.content.trimEnd().split('\n');
      return [...(i === 0 ? [] : ['']), ...(text ?? systemdBootEntry(entry, `/mkma/${name}`))];
    }),
    ...(plan === undefined || own === undefined ? {} : { file: own.file, removed: plan.older }),
    ...(copied === undefined ? {} : { copiedTo: copied.to }),
    ...(all.some(({ entry }) => isOnVolumes(entry)) ? { onVolumes: true } : {}),
  };
}

/** What keeps the boot loader from reading the written entry; `undefined` if nothing is known to. */
async function whyUnseen(
  loader: Loader,
  { grub, esp }: LoaderPlaces,
  signal: AbortSignal,
): Promise<Problem | undefined> {
  if (loader === 'grub') {
    if (grub?.readsCustom !== false) return undefined;
    return {
      code: 'grub-without-custom',
      what: 'GRUB does not read custom.cfg yet',
      where: join(grub.folder, 'grub.cfg'),
      why: 'grub.cfg does not mention custom.cfg: /etc/grub.d/41_custom adds it if it is executable',
      next: 'run update-grub once (Debian), or grub-mkconfig -o with that file (Fedora: grub2-mkconfig)',
    };
  }
  if (esp === undefined) return undefined;
  const fat = await isFat(esp, signal);
  // If it cannot be determined, that itself is reported.
  if (!fat.ok) return fat.problem;
  if (fat.value) return undefined;
  return {
    code: 'esp-not-fat',
    what: 'systemd-boot does not read this file system',
    where: esp,
    why: 'it is not FAT, the only kind that all firmware reads',
    next: 'copy the written files to the ESP',
  };
}
