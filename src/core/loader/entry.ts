/** What a boot loader needs to boot a machine: the one source of every entry, on host and machine. */
import { type KernelParameter, parseCmdline } from '../boot/cmdline.js';
import { type Opening, openingParameters } from '../boot/opening.js';
import { DEFAULTS, FILES, PARAM } from '../contract.js';

/** In an images folder: the options that entries of it were written with, as JSON. */
export const WRITTEN_ENTRIES = '.mkma/boot-entries.json';

export interface BootEntry {
  /** Name under which the entry is kept: that of the machine, or of an earlier generation of it. */
  readonly name: string;
  /** Name in its title, if that is another one. */
  readonly title?: string | undefined;
  /** The file system with the images, as `mkma_storage_device=` names it. */
  readonly device: string;
  /** The folder on it, from the top of that file system. */
  readonly path: string;
  /** Files that the boot loader passes as initramfs, in order. */
  readonly initrds: readonly string[];
  /** Additional kernel parameters; they come last and override the others. */
  readonly append: readonly KernelParameter[];
  /** Volumes to open first, which replace those that `append` names; absent: as `append` says. */
  readonly opening?: Opening | undefined;
  /** Where GRUB reads kernel and initramfs, if not in the images folder: device and folder, as above. */
  readonly bootFiles?: { readonly device: string; readonly path: string } | undefined;
  /** Which generation it is; absent: the folder has none. */
  readonly generation?: EntryGeneration | undefined;
}

interface EntryGeneration {
  readonly number: number;
  /** When its base was built, ISO 8601; absent: unknown. */
  readonly created?: string | undefined;
  /** Whether it is the one that is booted unless another is chosen. */
  readonly isDefault: boolean;
}

/**
 * What identifies the entry among others: a machine without generations and the default generation have the
 * same, so that a boot loader whose default it is follows `mkma generations use`. No hostname has a dot.
 */
export function idOf({ name, generation }: Pick<BootEntry, 'name' | 'generation'>): string {
  return generation === undefined || generation.isDefault
    ? `mkma-${name}`
    : `mkma-${name}.${generation.number}`;
}

/** The title in a boot loader's menu. */
export function titleOf(entry: Pick<BootEntry, 'name' | 'title' | 'generation'>): string {
  const { generation } = entry;
  const name = entry.title ?? entry.name;
  if (generation === undefined) return `${name} (mkma, in RAM)`;
  const { number, created } = generation;
  const day = /^\d{4}-\d\d-\d\d/.exec(created ?? '');
  return `${name}, generation ${number}${day === null ? '' : ` of ${day[0]}`} (mkma, in RAM)`;
}

/**
 * The files among `names` to load before early boot. Microcode comes first: the kernel looks for it only
 * there (Documentation/arch/x86/microcode.rst).
 */
export function initrdsAmong(names: readonly string[]): string[] {
  return [...(names.includes(FILES.microcode) ? [FILES.microcode] : []), FILES.initramfs];
}

/** The kernel parameters of an entry. */
export function bootParameters(
  entry: Pick<BootEntry, 'device' | 'path' | 'append' | 'opening'>,
): KernelParameter[] {
  const { device, path, append, opening } = entry;
  const where = path === DEFAULTS.path ? [] : [{ name: PARAM.path, value: path }];
  const first = opening === undefined ? [] : openingParameters(opening);
  const rest = opening === undefined ? append : append.filter(({ name }) => !OPENING.includes(name));
  return [...first, { name: PARAM.device, value: device }, ...where, ...rest];
}

/** Parameters that depend on where the images are, like device and path. */
const OPENING: readonly string[] = [PARAM.luks, PARAM.lvm];

/** Whether the images are on volumes that early boot opens, so that no boot loader reads files there. */
export function isOnVolumes(entry: Pick<BootEntry, 'device' | 'path' | 'append' | 'opening'>): boolean {
  return bootParameters(entry).some(({ name }) => OPENING.includes(name));
}

/** What a machine adds to its command line: all but where its images are, which depends on their place. */
export function ownParameters(parameters: readonly KernelParameter[]): KernelParameter[] {
  return parameters.filter(({ name }) => name !== PARAM.device && name !== PARAM.path);
}

/** What the file `cmdline` of a set adds to the command line; `undefined`: there is no such file. */
export function ownParametersIn(cmdline: string | undefined): KernelParameter[] {
  return ownParameters(parseCmdline((cmdline ?? '').trim()));
}

/** The machine's name as far as it fits file names and boot loaders: a manifest may come from anywhere. */
export function entryName(hostname: string | undefined): string {
  return hostname !== undefined && /^[a-z0-9-]{1,63}$/i.test(hostname) ? hostname : 'machine';
}

/** A path below another, both from the top of one file system. */
export function pathIn(folder: string, name: string): string {
  return folder.endsWith('/') ? folder + name : `${folder}/${name}`;
}
