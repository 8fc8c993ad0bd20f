/** Which boot loaders to write for: those asked for, else those found. */
import { statSync } from 'node:fs';
import { err, ok, type Problem, type Result, usage } from '../../core/result.js';
import { findEsp, findGrub, type Grub, grubAt } from './find.js';

export const LOADERS = ['grub', 'systemd-boot'] as const;
export type Loader = (typeof LOADERS)[number];

/** Where a machine's boot loaders are. */
export interface LoaderPlaces {
  readonly grub?: Grub | undefined;
  /** Mount point of the partition from which systemd-boot reads entries. */
  readonly esp?: string | undefined;
}

export interface PlaceOptions {
  /** Root of the machine that the boot loader belongs to. */
  readonly root: string;
  /** GRUB's folder, unless it is found below the root. */
  readonly grubDir?: string | undefined;
  /** Mount point of the ESP (or XBOOTLDR), unless it is found below the root. */
  readonly esp?: string | undefined;
}

/** The places named by options, else those found below the root. Fails if a named folder does not exist. */
export async function findPlaces(options: PlaceOptions, signal: AbortSignal): Promise<Result<LoaderPlaces>> {
  const { root, grubDir, esp } = options;
  for (const [option, folder] of Object.entries({ '--root': root, '--grub-dir': grubDir, '--esp': esp })) {
    if (folder === undefined || statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) continue;
    const next = 'name the folder where the disk is mounted';
    return usage({
      code: 'no-such-folder',
      what: 'no such folder',
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

/** The boot loaders for which an entry is printed: all if none is found. */
export function loadersToPrint(asked: Loader | 'all' | undefined, places: LoaderPlaces): readonly Loader[] {
  if (asked !== undefined && asked !== 'all') return [asked];
  const there = present(places);
  return asked === 'all' || there.length === 0 ? LOADERS : there;
}

/** The boot loaders for which an entry is written. `root`: where they were searched. */
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
    what: 'found two boot loaders',
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
    what: 'no boot loader found',
    where: root,
    why: `looked for ${loaders.map((loader) => signs[loader]).join(' and ')}`,
    next: "mount the disk and name its root with --root, or the loader's own folder with --grub-dir or --esp",
  };
}
