/** The command line of `mkma boot-entry`. */
import { resolve } from 'node:path';
import { Command, Option } from '@commander-js/extra-typings';
import { type KernelParameter, parseCmdline } from '../../core/boot/cmdline.js';
import { parseDeviceName } from '../../core/boot/device.js';
import { DEFAULTS } from '../../core/contract.js';
import { ok, type Result, usage } from '../../core/result.js';
import { LOADERS } from '../boot-entry/choose.js';
import { fitsBootLoader, type Placement } from '../boot-entry/placement.js';
import { bootEntry } from '../verbs/boot-entry.js';
import { configOption, outputOption, presetOption } from './options.js';
import { fail, type Session, show } from './session.js';
import { warnWhereMeant } from './warn-of-change.js';

const absolute = (path: string): string => resolve(path);

export function bootEntryCommand(session: Session, end: (code: number) => void) {
  return new Command('boot-entry')
    .summary('the boot loader entry for the images')
    .description(
      'Print the boot loader entry that boots the images from where they lie, or write it where GRUB or systemd-boot reads it. ' +
        'What is written replaces the entry of the same machine and nothing else.',
    )
    .addOption(outputOption())
    .addOption(configOption())
    .addOption(presetOption())
    .addOption(
      new Option('--loader <name>', 'boot loader (default: what is there)').choices([
        ...LOADERS,
        'all',
      ] as const),
    )
    .option('--write', 'write the entry; for systemd-boot also copy to the ESP what lies elsewhere', false)
    .option('--dry-run', 'only tell what --write would do', false)
    .option(
      '--root <dir>',
      "root of the machine whose boot loader it is, such as a mounted disk's",
      absolute,
      '/',
    )
    .option('--grub-dir <dir>', 'folder of grub.cfg, where it is not found below --root', absolute)
    .option(
      '--esp <dir>',
      'where the ESP or XBOOTLDR is mounted, where it is not found below --root',
      absolute,
    )
    .option(
      '--storage-device <name>',
      'the device on which the images will lie: UUID=..., LABEL=..., a path ...',
    )
    .option('--images-path <path>', 'the folder on that device (default: /)')
    .option('--append <parameters>', 'more kernel parameters; they win over the usual ones')
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

/** Where the images will lie, as told by options; `undefined` where they lie already. */
function placementOf(device: string | undefined, path: string | undefined): Result<Placement | undefined> {
  if (device === undefined) {
    if (path === undefined) return ok(undefined);
    const next = 'name the device too, with --storage-device UUID=...';
    return usage({
      code: 'option-incomplete',
      what: 'a folder without its device',
      where: `--images-path ${path}`,
      next,
    });
  }
  if (parseDeviceName(device) === undefined || !fitsBootLoader(device)) {
    return usage({
      code: 'device-invalid',
      what: 'this names no device',
      where: `--storage-device ${device}`,
      next: 'use UUID=, LABEL=, PARTUUID=, PARTLABEL= or a path below /dev (blkid tells them)',
    });
  }
  if (path?.startsWith('/') === false || !fitsBootLoader(path ?? '')) {
    return usage({
      code: 'images-path-invalid',
      what: 'this is no folder that a boot loader can name',
      where: `--images-path ${path}`,
      next: 'give it from the top of the file system, as in /srv/images, without quotes or backslashes in it',
    });
  }
  return ok({ bootable: true, device, path: path ?? DEFAULTS.path });
}

function appendOf(text: string): Result<readonly KernelParameter[]> {
  const parameters = parseCmdline(text);
  if (parameters.every(({ name, value }) => fitsBootLoader(`${name}${value ?? ''}`))) return ok(parameters);
  return usage({
    code: 'parameters-invalid',
    what: 'a boot loader cannot hand this to the kernel',
    where: `--append ${text}`,
    why: 'single quotes and backslashes do not survive in GRUB',
    next: 'leave them out; values with spaces go in double quotes',
  });
}
