/** What a boot loader needs to boot a machine: the one source of every entry and of the file `cmdline`. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type KernelParameter, parseCmdline, renderCmdline } from '../../core/boot/cmdline.js';
import { DEFAULTS, FILES, PARAM } from '../../core/contract.js';
import type { Placement } from './placement.js';

export interface BootEntry {
  /** Name of the machine. */
  readonly name: string;
  /** The file system with the images, as `mkma_storage_device=` names it. */
  readonly device: string;
  /** The folder on it, from the top of that file system. */
  readonly path: string;
  /** Files that the boot loader passes as initramfs, in order. */
  readonly initrds: readonly string[];
  /** Additional kernel parameters; they come last and override the others. */
  readonly append: readonly KernelParameter[];
}

/** The title in a boot loader's menu. */
export function titleOf(entry: Pick<BootEntry, 'name'>): string {
  return `${entry.name} (mkma, in RAM)`;
}

/**
 * The files in `folder` to load before early boot. Microcode comes first: the kernel looks for it only there.
 */
export function initrdsIn(folder: string): string[] {
  return [...(existsSync(join(folder, FILES.microcode)) ? [FILES.microcode] : []), FILES.initramfs];
}

/** The kernel parameters of an entry. */
export function bootParameters(entry: Pick<BootEntry, 'device' | 'path' | 'append'>): KernelParameter[] {
  const { device, path, append } = entry;
  const where = path === DEFAULTS.path ? [] : [{ name: PARAM.path, value: path }];
  return [{ name: PARAM.device, value: device }, ...where, ...append];
}

/**
 * The kernel command line that boots the images from a placement; only what is `append`ed if a machine cannot
 * boot from there.
 */
export function bootCmdline(placement: Placement, append: readonly KernelParameter[]): string {
  return renderCmdline(placement.bootable ? bootParameters({ ...placement, append }) : append);
}

/** What a machine adds to its command line: all but where its images are, which depends on their place. */
export function ownParameters(parameters: readonly KernelParameter[]): KernelParameter[] {
  return parameters.filter(({ name }) => name !== PARAM.device && name !== PARAM.path);
}

/** The command line that a build left in the folder. */
export function cmdlineIn(folder: string): KernelParameter[] {
  const file = join(folder, FILES.cmdline);
  return parseCmdline(existsSync(file) ? readFileSync(file, 'utf8').trim() : '');
}
