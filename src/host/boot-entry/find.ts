/** The boot loaders of a machine: this one, or the one whose disk is mounted at `root`. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ok, type Result } from '../../core/result.js';
import { askProgram } from '../sys/answer.js';

/**
 * Where a root file system has GRUB's configuration: Debian, Arch and Gentoo; Fedora and openSUSE; a boot
 * partition itself.
 */
const GRUB_FOLDERS = ['boot/grub', 'boot/grub2', 'grub', 'grub2'];
/**
 * Where the ESP or the extended boot partition (XBOOTLDR) is mounted (bootctl(1), "--esp-path="), and `root`
 * itself.
 */
const ESP_FOLDERS = ['boot', 'efi', 'boot/efi', '.'];

export interface Grub {
  /** The folder of grub.cfg; a `custom.cfg` there is read at every boot. */
  readonly folder: string;
  /**
   * Whether grub.cfg reads it: GRUB's own script 41_custom writes that line. Unknown if grub.cfg is
   * unreadable.
   */
  readonly readsCustom: boolean | undefined;
}

/** GRUB's configuration below `root`; `undefined` if there is none. */
export function findGrub(root: string): Grub | undefined {
  const folder = GRUB_FOLDERS.map((name) => join(root, name)).find((path) =>
    existsSync(join(path, 'grub.cfg')),
  );
  return folder === undefined ? undefined : grubAt(folder);
}

/** GRUB with its configuration in a folder. */
export function grubAt(folder: string): Grub {
  try {
    return { folder, readsCustom: readFileSync(join(folder, 'grub.cfg'), 'utf8').includes('/custom.cfg') };
  } catch (cause) {
    return { folder, readsCustom: (cause as NodeJS.ErrnoException).code === 'ENOENT' ? false : undefined };
  }
}

/** The partition below `root` from which systemd-boot reads entries; `undefined` if there is none. */
export async function findEsp(root: string, signal: AbortSignal): Promise<Result<string | undefined>> {
  for (const path of ESP_FOLDERS.map((name) => join(root, name))) {
    if (!existsSync(join(path, 'loader/entries'))) continue;
    // Fedora's GRUB has such a folder too, but not on a FAT file system.
    const fat = await isFat(path, signal);
    if (!fat.ok) return fat;
    if (fat.value) return ok(path);
  }
  return ok(undefined);
}

/** findmnt(8): no mount found. */
const NOTHING = 1;

/** Whether a folder is on a FAT file system, the one kind that every firmware reads. */
export async function isFat(folder: string, signal: AbortSignal): Promise<Result<boolean>> {
  const args = ['--noheadings', '--output', 'FSTYPE', '--target', folder];
  const found = await askProgram({ file: 'findmnt', args }, [NOTHING], { signal });
  return found.ok ? ok(found.value.stdout.trim().split('\n').at(-1) === 'vfat') : found;
}
