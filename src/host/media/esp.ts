/** The EFI system partition: shim, GRUB and the file by which GRUB finds its menu. */
import { copyFileSync, mkdirSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { MEDIUM } from '../../core/loader/medium-menu.js';
import { ok, type Result } from '../../core/result.js';
import type { Command } from '../sys/command.js';
import { run } from '../sys/run.js';
import { deviceOf, type MenuPlace, searchOptions } from './menu-place.js';
import { BOOT_PROGRAMS, type MediumTools } from './programs.js';

/**
 * The files, by their paths on the ESP: firmware starts the removable-media path (UEFI specification, section
 * 3.5.1.1). No fbx64.efi: it would write boot entries into the firmware, and restart for ever without them.
 */
const COPIED: Readonly<Record<string, string>> = {
  'EFI/BOOT/BOOTX64.EFI': BOOT_PROGRAMS.shim,
  'EFI/BOOT/grubx64.efi': BOOT_PROGRAMS.grub,
  'EFI/BOOT/mmx64.efi': BOOT_PROGRAMS.mokManager,
};

/** Where Debian's signed GRUB looks for its configuration. */
const GRUB_CONFIG = 'EFI/debian/grub.cfg';

/** It finds the menu on this medium alone. */
function espConfig(place: MenuPlace): string {
  return [
    `if search --no-floppy ${searchOptions(place)}; then`,
    `    set prefix=($root)${MEDIUM.grub}`,
    '    configfile $prefix/grub.cfg',
    'else',
    `    echo "mkma: no disk has the file system ${deviceOf(place)}, on which the menu is"`,
    '    sleep --interruptible 60',
    'fi',
    '',
  ].join('\n');
}

/** Keeps mtools from reading the user's settings, and from refusing what is no floppy (mtools(1)). */
export const MTOOLS_ENV = { MTOOLS_SKIP_CHECK: '1', MTOOLSRC: '/dev/null', TZ: 'UTC' } as const;

/** A file of the ESP: its path there, and where it is now. */
export interface EspFile {
  readonly path: string;
  readonly file: string;
}

/** Puts all files of the ESP into a folder of `scratch`, with the time that they will have. */
export function stageEsp(
  { root }: MediumTools,
  { scratch, place, epoch }: { scratch: string; place: MenuPlace; epoch: number },
): EspFile[] {
  const put = (path: string, write: (to: string) => void): EspFile => {
    const file = join(scratch, 'esp', path);
    mkdirSync(dirname(file), { recursive: true });
    write(file);
    utimesSync(file, epoch, epoch);
    return { path, file };
  };
  return [
    ...Object.entries(COPIED).map(([path, from]) => put(path, (to) => copyFileSync(join(root, from), to))),
    put(GRUB_CONFIG, (to) => writeFileSync(to, espConfig(place))),
  ];
}

export interface EspRequest {
  readonly scratch: string;
  /** Of the file system. */
  readonly bytes: number;
  readonly place: MenuPlace;
  /** Its serial number, eight hexadecimal digits. */
  readonly volume: string;
  /** The time of everything in it, in seconds since the epoch. */
  readonly epoch: number;
}

/** Makes the file system in a file of `bytes`; returns its path. */
export async function makeEsp(
  tools: MediumTools,
  { scratch, bytes, place, volume, epoch }: EspRequest,
  signal: AbortSignal,
): Promise<Result<string>> {
  const image = join(scratch, 'esp.img');
  const { programs } = tools;
  writeFileSync(image, '');
  truncateSync(image, bytes);
  const timed = (command: Command): Command => ({
    ...command,
    env: { ...MTOOLS_ENV, SOURCE_DATE_EPOCH: String(epoch) },
  });
  const format = ['-F', '32', '-S', '512', '-s', '1', '-n', 'MKMA-ESP', '-i', volume, '--invariant', image];
  const folders = ['::/EFI', '::/EFI/BOOT', '::/EFI/debian'];
  const commands = [
    programs.mkfsFat(format),
    programs.mtools(['-c', 'mmd', '-i', image, ...folders]),
    ...stageEsp(tools, { scratch, place, epoch }).map(({ path, file }) =>
      programs.mtools(['-c', 'mcopy', '-m', '-i', image, file, `::/${path}`]),
    ),
  ];
  for (const command of commands) {
    const done = await run(timed(command), { signal });
    if (!done.ok) return done;
  }
  return ok(image);
}
