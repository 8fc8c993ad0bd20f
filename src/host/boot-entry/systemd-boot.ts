/** An entry for systemd-boot: Boot Loader Specification, type 1 (uapi-group.org). */
import { posix } from 'node:path';
import { renderCmdline } from '../../core/boot/cmdline.js';
import { FILES } from '../../core/contract.js';
import { type BootEntry, bootParameters, titleOf } from './entry.js';

/** Name of the entry's file in `loader/entries`. */
export function systemdBootFile(name: string): string {
  return `mkma-${name}.conf`;
}

/**
 * The lines of the entry. `folder`: where kernel and initramfs are on the ESP, from its top; see {@link
 * fitsSystemdBoot}.
 */
export function systemdBootEntry(entry: BootEntry, folder: string): string[] {
  return [
    `title ${titleOf(entry)}`,
    'sort-key mkma',
    `linux ${posix.join(folder, FILES.kernel)}`,
    ...entry.initrds.map((name) => `initrd ${posix.join(folder, name)}`),
    `options ${renderCmdline(bootParameters(entry))}`,
  ];
}

/**
 * Whether systemd-boot can load from a folder: it passes initrds on the command line (`initrd=`), where white
 * space ends a name.
 */
export function fitsSystemdBoot(folder: string): boolean {
  return /^[\w@%+=:,./-]+$/.test(folder);
}
