/** `mkma boot-entry`: what a boot loader needs to boot the built images, printed or written. */
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { KernelParameter } from '../../core/boot/cmdline.js';
import { FILES } from '../../core/contract.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import {
  findPlaces,
  type Loader,
  type LoaderPlaces,
  loadersToPrint,
  loadersToWrite,
  type PlaceOptions,
} from '../boot-entry/choose.js';
import { type BootEntry, cmdlineIn, initrdsIn, ownParameters } from '../boot-entry/entry.js';
import { isFat } from '../boot-entry/find.js';
import { grubEntry } from '../boot-entry/grub.js';
import { doubtOf, locate, type Placement } from '../boot-entry/placement.js';
import { type Plan, planGrub, planSystemdBoot } from '../boot-entry/plan.js';
import { systemdBootEntry } from '../boot-entry/systemd-boot.js';
import { changeLines, entryLines, type LoaderResult } from '../boot-entry/tell.js';
import { requireRoom, writePlan } from '../boot-entry/write.js';
import type { Context } from '../context.js';
import { findBase } from '../set/images.js';

export interface BootEntryOptions extends PlaceOptions {
  /** Folder with the images, absolute. */
  readonly output: string;
  /** Boot loaders to write for; none: those found. */
  readonly loader?: Loader | 'all' | undefined;
  /** Where the images will be, if not where `output` is now. */
  readonly placement?: Placement | undefined;
  readonly append: readonly KernelParameter[];
  readonly write: boolean;
  /** Only report what would be written. */
  readonly dryRun: boolean;
}

export interface BootEntryResult {
  readonly written: boolean;
  readonly entries: readonly LoaderResult[];
  readonly lines: readonly string[];
}

export async function bootEntry(
  options: BootEntryOptions,
  context: Context,
): Promise<Result<BootEntryResult>> {
  const entry = await readEntry(options, context);
  if (!entry.ok) return entry;
  const found = await findPlaces(options, context.signal);
  if (!found.ok) return found;
  const places = found.value;
  return options.write || options.dryRun
    ? writeEntries(entry.value, options, places, context)
    : printEntries(entry.value, options, places);
}

async function printEntries(
  entry: BootEntry,
  options: BootEntryOptions,
  places: LoaderPlaces,
): Promise<Result<BootEntryResult>> {
  const entries: LoaderResult[] = [];
  for (const loader of loadersToPrint(options.loader, places)) {
    const plan = await planFor(loader, entry, options.output, places);
    if (!plan.ok) return plan;
    entries.push(describe(loader, entry, plan.value));
  }
  return ok({ written: false, entries, lines: entryLines(entries) });
}

async function writeEntries(
  entry: BootEntry,
  options: BootEntryOptions,
  places: LoaderPlaces,
  context: Context,
): Promise<Result<BootEntryResult>> {
  const loaders = loadersToWrite(options.loader, places, options.root);
  if (!loaders.ok) return loaders;
  const entries: LoaderResult[] = [];
  const lines: string[] = [];
  for (const loader of loaders.value) {
    const plan = await planFor(loader, entry, options.output, places);
    if (!plan.ok) return plan;
    if (plan.value === undefined) throw new Error(`${loader} is to be written, but was not found`);
    const written = options.dryRun ? requireRoom(plan.value) : await writePlan(plan.value);
    if (!written.ok) return written;
    const unseen = await whyUnseen(loader, places, context.signal);
    if (unseen !== undefined) context.emit({ type: 'warning', problem: unseen });
    const result = describe(loader, entry, plan.value);
    entries.push(result);
    lines.push(...changeLines(result, plan.value, !options.dryRun));
  }
  return ok({ written: !options.dryRun, entries, lines });
}

/** The facts of an entry: from the images, and from their location. */
async function readEntry(options: BootEntryOptions, context: Context): Promise<Result<BootEntry>> {
  const { output, append } = options;
  const base = findBase(output);
  if (!base.ok) return base;
  for (const problem of base.value.warnings) context.emit({ type: 'warning', problem });
  for (const file of [FILES.initramfs, FILES.kernel].map((name) => join(output, name))) {
    if (existsSync(file)) continue;
    const next = 'build it: sudo mkma build; or name the folder with --output';
    return err({
      code: 'image-missing',
      what: 'no image to boot',
      where: file,
      why: 'no such file',
      next,
    });
  }
  const located = options.placement
    ? ok(options.placement)
    : await locate(realpathSync(output), context.signal);
  if (!located.ok) return located;
  const placement = located.value;
  if (!placement.bootable) return err(placement.problem);
  const doubt = options.placement ? undefined : doubtOf(placement);
  if (doubt !== undefined) context.emit({ type: 'warning', problem: doubt });
  const hostname = base.value.info.manifest?.name ?? '';
  // A manifest may come from anywhere; the name becomes part of file names and of the boot loader's
  // configuration.
  const name = /^[a-z0-9-]{1,63}$/i.test(hostname) ? hostname : 'machine';
  const { device, path } = placement;
  return ok({
    name,
    device,
    path,
    initrds: initrdsIn(output),
    append: [...ownParameters(cmdlineIn(output)), ...append],
  });
}

/**
 * What writing for a loader does; `undefined` if the loader was not found (its entry is printed
 * nevertheless).
 */
async function planFor(
  loader: Loader,
  entry: BootEntry,
  images: string,
  places: LoaderPlaces,
): Promise<Result<Plan | undefined>> {
  if (loader === 'grub')
    return places.grub === undefined ? ok(undefined) : planGrub(entry, places.grub.folder);
  return ok(places.esp === undefined ? undefined : await planSystemdBoot(entry, images, places.esp));
}

function describe(loader: Loader, entry: BootEntry, plan: Plan | undefined): LoaderResult {
  const text =
    loader === 'grub'
      ? grubEntry(entry)
      : (plan?.content.trimEnd().split('\n') ?? systemdBootEntry(entry, `/mkma/${entry.name}`));
  return {
    loader,
    entry: text,
    ...(plan === undefined ? {} : { file: plan.file, removed: plan.older }),
    ...(plan?.copies === undefined ? {} : { copiedTo: plan.copies.to }),
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
