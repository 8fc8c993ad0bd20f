/** An entry for systemd-boot: Boot Loader Specification, type 1 (uapi-group.org). */
import { renderCmdline } from '../boot/cmdline.js';
import { FILES } from '../contract.js';
import { type BootEntry, bootParameters, idOf, pathIn, titleOf } from './entry.js';

/** Name of the entry's file in `loader/entries`. */
export function systemdBootFile(entry: Pick<BootEntry, 'name' | 'generation'>): string {
  return `${idOf(entry)}.conf`;
}

/** Whether a file in `loader/entries` is an entry of the machine, or of a generation of it. */
export function isSystemdBootFile(file: string, name: string): boolean {
  const rest = file.startsWith(`mkma-${name}`) ? file.slice(`mkma-${name}`.length) : '';
  return /^(\.[1-9]\d{0,8})?\.conf$/.test(rest);
}

/**
 * The lines of the entry. `folder`: where kernel and initramfs are on the ESP, from its top; see {@link
 * fitsSystemdBoot}.
 */
export function systemdBootEntry(entry: BootEntry, folder: string): string[] {
  return [
    `title ${titleOf(entry)}`,
    `sort-key ${sortKeyOf(entry)}`,
    ...(entry.generation === undefined ? [] : [`version ${entry.generation.number}`]),
    `linux ${pathIn(folder, FILES.kernel)}`,
    ...entry.initrds.map((name) => `initrd ${pathIn(folder, name)}`),
    `options ${renderCmdline(bootParameters(entry))}`,
  ];
}

/** Entries with one key are sorted by their versions, the highest first. */
function sortKeyOf({ name, generation }: BootEntry): string {
  return generation === undefined ? 'mkma' : `mkma-${name}`;
}

/**
 * Whether systemd-boot can load from a folder: it passes initrds on the command line (`initrd=`), where white
 * space ends a name.
 */
export function fitsSystemdBoot(folder: string): boolean {
  return /^[\w@%+=:,./-]+$/.test(folder);
}
