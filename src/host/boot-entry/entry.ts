/** What boots the images in a folder of this host. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type KernelParameter, parseCmdline, renderCmdline } from '../../core/boot/cmdline.js';
import { FILES } from '../../core/contract.js';
import { type BootEntry, bootParameters, initrdsAmong, isOnVolumes } from '../../core/loader/entry.js';
import type { Placement } from './placement.js';

/** The files in `folder` to load before early boot, in order. */
export function initrdsIn(folder: string): string[] {
  return initrdsAmong(readdirSync(folder));
}

/**
 * The kernel command line that boots the images from a placement; only what is `append`ed if a machine cannot
 * boot from there.
 */
export function bootCmdline(placement: Placement, append: readonly KernelParameter[]): string {
  return renderCmdline(placement.bootable ? bootParameters({ ...placement, append }) : append);
}

/** The command line that a build left in the folder. */
export function cmdlineIn(folder: string): KernelParameter[] {
  const file = join(folder, FILES.cmdline);
  return parseCmdline(existsSync(file) ? readFileSync(file, 'utf8').trim() : '');
}

/**
 * An entry for GRUB to paste: where GRUB cannot read the images folder, kernel and initramfs are expected in
 * /mkma/NAME of whatever plain file system has them.
 */
export function withBootFiles(entry: BootEntry): BootEntry {
  return isOnVolumes(entry) ? { ...entry, bootFiles: { device: '', path: `/mkma/${entry.name}` } } : entry;
}
