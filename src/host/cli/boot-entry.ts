/** The command line of `mkma boot-entry`. */
import { resolve } from 'node:path';
import { Command, Option } from '@commander-js/extra-typings';
import { fitsBootLoader, type KernelParameter, parseCmdline } from '../../core/boot/cmdline.js';
import { parseDeviceName } from '../../core/boot/device.js';
import { DEFAULTS } from '../../core/contract.js';
import { ok, type Result, usage } from '../../core/result.js';
import { LOADERS } from '../boot-entry/choose.js';
import type { Placement } from '../boot-entry/placement.js';
import { bootEntry } from '../verbs/boot-entry.js';
import { builtFromOption, builtFromPresetOption, outputOption } from './options.js';
import { fail, type Session, show } from './session.js';
import { warnWhereMeant } from './warn-of-change.js';

const absolute = (path: string): string => resolve(path);

export function bootEntryCommand(session: Session, end: (code: number) => void) {
  return new Command('boot-entry')
    .summary('print or write the boot loader entry for the images')
    .description(
      'Print or write the GRUB or systemd-boot entry that boots the images from where they are. ' +
        'Writing replaces only the entry of the same machine.',
    )
    .addOption(outputOption())
    .addOption(builtFromOption())
    .addOption(builtFromPresetOption())
    .addOption(
      new Option('--loader <name>', 'boot loader (default: detected)').choices([...LOADERS, 'all'] as const),
    )
    .option(
      '--write',
      'write the entry; for systemd-boot, also copy the files that it loads to the ESP',
      false,
    )
    .option('--dry-run', 'only show what --write would do', false)
    .option(
      '--root <folder>',
      'root directory of the system with the boot loader, such as a mounted disk',
      absolute,
      '/',
    )
    .option('--grub-dir <folder>', 'folder with grub.cfg, if it is not found below --root', absolute)
    .option('--esp <folder>', 'mount point of the ESP or XBOOTLDR, if it is not found below --root', absolute)
    .option(
      '--storage-device <name>',
      'device that will contain the images: UUID=..., LABEL=..., PARTUUID=..., PARTLABEL=... or a path (default: the device that contains them now)',
    )
    .option('--images-path <path>', 'images folder on that device; requires --storage-device (default: /)')
    .option('--append <parameters>', 'additional kernel parameters; they override the defaults')
    .action(async (options) => {
      const placement = placementOf(options.storageDevice, options.imagesPath);
      if (!placement.ok) return end(fail(session, placement.problem));
      const append = appendOf(options.append ?? '');
      if (!append.ok) return end(fail(session, append.problem));
      const warned = warnWhereMeant(session, options);
      if (!warned.ok) return end(fail(session, warned.problem));
      const given = { ...options, placement: placement.value, append: append.value };
      end(show(session, await bootEntry(given, session.context)));
    });
}

/** Where the images will be, from the options; `undefined`: where they are now. */
function placementOf(device: string | undefined, path: string | undefined): Result<Placement | undefined> {
  if (device === undefined) {
    if (path === undefined) return ok(undefined);
    const next = 'name the device with --storage-device UUID=...';
    return usage({
      code: 'option-incomplete',
      what: '--images-path requires --storage-device',
      where: `--images-path ${path}`,
      next,
    });
  }
  if (parseDeviceName(device) === undefined || !fitsBootLoader(device)) {
    return usage({
      code: 'device-invalid',
      what: 'invalid device name',
      where: `--storage-device ${device}`,
      next: 'use UUID=, LABEL=, PARTUUID=, PARTLABEL= or a path below /dev (blkid prints them)',
    });
  }
  if (path?.startsWith('/') === false || !fitsBootLoader(path ?? '')) {
    return usage({
      code: 'images-path-invalid',
      what: 'a boot loader cannot pass on this path',
      where: `--images-path ${path}`,
      next: 'give an absolute path within the file system, such as /srv/images, without quotes or backslashes',
    });
  }
  return ok({ bootable: true, device, path: path ?? DEFAULTS.path });
}

/** Kernel parameters for boot loader entries, from an option. */
export function appendOf(text: string): Result<readonly KernelParameter[]> {
  const parameters = parseCmdline(text);
  if (parameters.every(({ name, value }) => fitsBootLoader(`${name}${value ?? ''}`))) return ok(parameters);
  return usage({
    code: 'parameters-invalid',
    what: 'a boot loader cannot pass these parameters to the kernel',
    where: `--append ${text}`,
    why: 'GRUB does not preserve single quotes and backslashes',
    next: 'remove them; put values with spaces in double quotes',
  });
}
