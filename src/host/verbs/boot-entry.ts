/** `mkma boot-entry`: what a boot loader needs to boot the built images, printed or written. */
import { realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { KernelParameter } from '../../core/cmdline.js';
import { FILES } from '../../core/contract.js';
import { err, ok, type Result, usage } from '../../core/result.js';
import { formatBytes } from '../../core/size.js';
import { type BootEntry, initrdsIn, titleOf } from '../boot-entry/entry.js';
import { findEsp, findGrub, type Grub, grubAt, isFat } from '../boot-entry/find.js';
import { grubEntry } from '../boot-entry/grub.js';
import { type Plan, planGrub, planSystemdBoot } from '../boot-entry/plan.js';
import { systemdBootEntry } from '../boot-entry/systemd-boot.js';
import { writePlan } from '../boot-entry/write.js';
import type { Context } from '../context.js';
import { readImage } from '../images.js';
import { doubtOf, locate, type Placement } from '../steps/placement.js';

export const LOADERS = ['grub', 'systemd-boot'] as const;
export type Loader = (typeof LOADERS)[number];

export interface BootEntryOptions {
  /** Folder with the images, absolute. */
  readonly output: string;
  /** Boot loaders to write for; none: those that are there. */
  readonly loader?: Loader | 'all' | undefined;
  /** Root of the machine whose boot loader it is. */
  readonly root: string;
  /** GRUB's folder, where it is not found below the root. */
  readonly grubDir?: string | undefined;
  /** Where the ESP (or XBOOTLDR) is mounted, where it is not found below the root. */
  readonly esp?: string | undefined;
  /** Where the images will lie, when that is not where `output` lies now. */
  readonly placement?: Placement | undefined;
  readonly append: readonly KernelParameter[];
  readonly write: boolean;
  /** Tell what would be written. */
  readonly dryRun: boolean;
}

/** What was, or is to be, done for one boot loader. */
export interface LoaderResult {
  readonly loader: Loader;
  /** The entry, a line each. */
  readonly entry: readonly string[];
  /** The file that holds it. */
  readonly file?: string;
  /** Folder on the ESP to which kernel and initramfs are copied. */
  readonly copiedTo?: string;
  /** Folders with older copies that are removed. */
  readonly removed?: readonly string[];
}

export interface BootEntryResult {
  readonly written: boolean;
  readonly entries: readonly LoaderResult[];
  readonly lines: readonly string[];
}

/** The boot loaders that were found, or named. */
interface Found {
  readonly grub?: Grub | undefined;
  readonly esp?: string | undefined;
}

export async function bootEntry(
  options: BootEntryOptions,
  context: Context,
): Promise<Result<BootEntryResult>> {
  const entry = await readEntry(options, context);
  if (!entry.ok) return entry;
  const found: Found = {
    grub: options.grubDir === undefined ? findGrub(options.root) : grubAt(options.grubDir),
    esp: options.esp ?? (await findEsp(options.root, context.signal)),
  };
  const loaders = chooseLoaders(options, found);
  if (!loaders.ok) return loaders;
  const changing = options.write || options.dryRun;
  const entries: LoaderResult[] = [];
  const lines: string[] = [];
  for (const loader of loaders.value) {
    const plan = await planFor(loader, entry.value, options, found);
    if (!plan.ok) return plan;
    if (changing && plan.value !== undefined) {
      if (options.write && !options.dryRun) {
        const written = await writePlan(plan.value);
        if (!written.ok) return written;
      }
      await warn(loader, options, found, context);
      lines.push(...changeLines(loader, plan.value, entry.value, options));
    }
    const result = describe(loader, entry.value, plan.value);
    if (!changing) lines.push(...entryLines(result, loaders.value.length > 1));
    entries.push(result);
  }
  return ok({ written: options.write && !options.dryRun, entries, lines });
}

/** The facts of an entry: from the images, and from where they lie. */
async function readEntry(options: BootEntryOptions, context: Context): Promise<Result<BootEntry>> {
  const { output } = options;
  for (const name of [FILES.base, FILES.initramfs, FILES.kernel]) {
    if (statSync(join(output, name), { throwIfNoEntry: false }) !== undefined) continue;
    const next = 'build it: sudo mkma build; or name the folder with --output';
    return err({
      what: 'there is no image to boot',
      where: join(output, name),
      why: 'the file is not there',
      next,
    });
  }
  const info = readImage(join(output, FILES.base));
  if (!info.ok) return info;
  const located = options.placement
    ? ok(options.placement)
    : await locate(realpathSync(output), context.signal);
  if (!located.ok) return located;
  const placement = located.value;
  if (!placement.bootable) return err(placement.problem);
  const doubt = doubtOf(placement);
  if (doubt !== undefined) context.emit({ type: 'warning', problem: doubt });
  const { device, path } = placement;
  const told = info.value.manifest?.name ?? '';
  // A manifest may come from anywhere; the name becomes part of file names and of the boot loader's language.
  const name = /^[a-z0-9-]{1,63}$/i.test(told) ? told : 'machine';
  return ok({ name, device, path, initrds: initrdsIn(output), append: options.append });
}

/** Which boot loaders to speak to: the one asked for, else those that are there; with none there, an entry for each is printed. */
function chooseLoaders(options: BootEntryOptions, found: Found): Result<readonly Loader[]> {
  const changing = options.write || options.dryRun;
  const there = LOADERS.filter((loader) => (loader === 'grub' ? found.grub : found.esp) !== undefined);
  if (options.loader !== undefined && options.loader !== 'all') {
    if (!changing || there.includes(options.loader)) return ok([options.loader]);
    return err(missingLoader(options.loader, options.root));
  }
  if (options.loader === 'all' && !changing) return ok(LOADERS);
  if (there.length === 0) return changing ? err(missingLoader(undefined, options.root)) : ok(LOADERS);
  if (there.length > 1 && changing && options.loader === undefined) {
    return usage({
      what: 'there are two boot loaders',
      where: `${found.grub?.folder} (GRUB), ${found.esp} (systemd-boot)`,
      next: 'name the one to write for with --loader; --loader all writes for both',
    });
  }
  return ok(there);
}

function missingLoader(loader: Loader | undefined, root: string) {
  const told = {
    grub: 'GRUB (grub.cfg in boot/grub or boot/grub2)',
    'systemd-boot': 'systemd-boot (loader/entries on a FAT file system at boot, efi or boot/efi)',
  };
  return {
    what: 'no boot loader was found to write for',
    where: root,
    why: `looked for ${loader === undefined ? `${told.grub} and ${told['systemd-boot']}` : told[loader]}`,
    next: `mount the disk and name its root with --root, or the loader's own folder with --grub-dir or --esp`,
  };
}

/** What writing for a loader means; `undefined` where the loader is not there (its entry is printed all the same). */
async function planFor(
  loader: Loader,
  entry: BootEntry,
  options: BootEntryOptions,
  found: Found,
): Promise<Result<Plan | undefined>> {
  if (loader === 'grub') return found.grub === undefined ? ok(undefined) : planGrub(entry, found.grub.folder);
  return ok(found.esp === undefined ? undefined : await planSystemdBoot(entry, options.output, found.esp));
}

function describe(loader: Loader, entry: BootEntry, plan: Plan | undefined): LoaderResult {
  const unplanned = (): string[] => systemdBootEntry(entry, `/mkma/${entry.name}`);
  const text = loader === 'grub' ? grubEntry(entry) : (plan?.content.trimEnd().split('\n') ?? unplanned());
  return {
    loader,
    entry: text,
    ...(plan === undefined ? {} : { file: plan.file, removed: plan.older }),
    ...(plan?.copies === undefined ? {} : { copiedTo: plan.copies.to }),
  };
}

/** An entry to paste. What is said around it are comments in both languages. */
function entryLines({ loader, entry, file, copiedTo }: LoaderResult, several: boolean): string[] {
  if (loader === 'grub') {
    const where = file ?? 'custom.cfg in the folder of grub.cfg';
    return [...(several ? [`# GRUB: ${where}`] : []), ...entry, ...(several ? [''] : [])];
  }
  const where = file ?? 'loader/entries/ on the ESP';
  const copies =
    copiedTo !== undefined || file === undefined
      ? ['# These files have to be on the ESP: mkma boot-entry --write copies them there.']
      : [];
  return [...(several ? [`# systemd-boot: ${where}`] : []), ...copies, ...entry];
}

function changeLines(loader: Loader, plan: Plan, entry: BootEntry, options: BootEntryOptions): string[] {
  const done = options.write && !options.dryRun;
  const { copies, older, file } = plan;
  const said = (past: string, future: string): string => (done ? past : `would ${future}`);
  const purpose =
    loader === 'grub' ? 'GRUB reads it at every boot; grub-mkconfig need not run' : 'systemd-boot';
  return [
    ...(copies === undefined
      ? []
      : [
          `${said('copied', 'copy')} ${copies.names.join(', ')} (${formatBytes(copies.bytes)}) to ${copies.to}`,
        ]),
    plan.upToDate
      ? `up to date: ${file}`
      : `${said('wrote', 'write')} the entry "${titleOf(entry)}" to ${file} (${purpose})`,
    ...older.map((folder) => `${said('removed', 'remove')} ${folder}`),
    ...(done ? [] : ['', ...describe(loader, entry, plan).entry.map((line) => `  ${line}`)]),
  ];
}

/** What may keep a written entry from being seen. */
async function warn(
  loader: Loader,
  options: BootEntryOptions,
  found: Found,
  context: Context,
): Promise<void> {
  if (loader === 'grub' && found.grub?.readsCustom === false) {
    context.emit({
      type: 'warning',
      problem: {
        what: 'GRUB does not read custom.cfg yet',
        where: join(found.grub.folder, 'grub.cfg'),
        why: 'nothing in it names custom.cfg: /etc/grub.d/41_custom writes that where it is executable',
        next: 'run update-grub (Debian) or grub-mkconfig -o with that file once',
      },
    });
  }
  if (loader === 'systemd-boot' && options.esp !== undefined && !(await isFat(options.esp, context.signal))) {
    context.emit({
      type: 'warning',
      problem: {
        what: 'systemd-boot does not read this file system',
        where: options.esp,
        why: 'firmware reads FAT, and nothing else for certain',
        next: 'copy what was written there to the ESP',
      },
    });
  }
}
