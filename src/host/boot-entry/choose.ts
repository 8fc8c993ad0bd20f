/** Which boot loaders to speak to: those asked for, else those that are there. */
import { statSync } from 'node:fs';
import { err, ok, type Problem, type Result, usage } from '../../core/result.js';
import { findEsp, findGrub, type Grub, grubAt } from './find.js';

export const LOADERS = ['grub', 'systemd-boot'] as const;
export type Loader = (typeof LOADERS)[number];

/** Where the boot loaders of a machine are. */
export interface LoaderPlaces {
  readonly grub?: Grub | undefined;
  /** Where the partition is mounted from which systemd-boot reads entries. */
  readonly esp?: string | undefined;
}

export interface PlaceOptions {
  /** Root of the machine whose boot loader it is. */
  readonly root: string;
  /** GRUB's folder, where it is not found below the root. */
  readonly grubDir?: string | undefined;
  /** Where the ESP (or XBOOTLDR) is mounted, where it is not found below the root. */
  readonly esp?: string | undefined;
}

/** The places named by options; where none is, those found below the root. Fails where a named folder is not there. */
export async function findPlaces(options: PlaceOptions, signal: AbortSignal): Promise<Result<LoaderPlaces>> {
  const { root, grubDir, esp } = options;
  for (const [option, folder] of Object.entries({ '--root': root, '--grub-dir': grubDir, '--esp': esp })) {
    if (folder === undefined || statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) continue;
    const next = 'name the folder where the disk is mounted';
    return usage({
      code: 'no-such-folder',
      what: 'there is no such folder',
      where: `${option} ${folder}`,
      next,
    });
  }
  if (grubDir === undefined && esp === undefined) {
    const found = await findEsp(root, signal);
    return found.ok ? ok({ grub: findGrub(root), esp: found.value }) : found;
  }
  return ok({ grub: grubDir === undefined ? undefined : grubAt(grubDir), esp });
}

/** The boot loaders for which an entry is printed: with none there, all. */
export function loadersToPrint(asked: Loader | 'all' | undefined, places: LoaderPlaces): readonly Loader[] {
  if (asked !== undefined && asked !== 'all') return [asked];
  const there = present(places);
  return asked === 'all' || there.length === 0 ? LOADERS : there;
}

/** The boot loaders for which an entry is written. `root` is where they were looked for. */
export function loadersToWrite(
  asked: Loader | 'all' | undefined,
  places: LoaderPlaces,
  root: string,
): Result<readonly Loader[]> {
  const there = present(places);
  if (asked !== undefined && asked !== 'all') {
    return there.includes(asked) ? ok([asked]) : err(missing([asked], root));
  }
  if (there.length === 0) return err(missing(LOADERS, root));
  if (there.length === 1 || asked === 'all') return ok(there);
  return usage({
    code: 'two-boot-loaders',
    what: 'there are two boot loaders',
    where: `${places.grub?.folder} (GRUB), ${places.esp} (systemd-boot)`,
    next: 'name the one to write for with --loader; --loader all writes for both',
  });
}

function present(places: LoaderPlaces): Loader[] {
  return LOADERS.filter((loader) => (loader === 'grub' ? places.grub : places.esp) !== undefined);
}

function missing(loaders: readonly Loader[], root: string): Problem {
  const signs: Record<Loader, string> = {
    grub: 'GRUB (grub.cfg in boot/grub or boot/grub2)',
    'systemd-boot': 'systemd-boot (loader/entries on a FAT file system at boot, efi or boot/efi)',
  };
  return {
    code: 'boot-loader-missing',
    what: 'no boot loader was found to write for',
    where: root,
    why: `looked for ${loaders.map((loader) => signs[loader]).join(' and ')}`,
    next: "mount the disk and name its root with --root, or the loader's own folder with --grub-dir or --esp",
  };
}
