/** A medium that a virtual machine boots from without changing it: which one, and with what hardware. */
import { closeSync, constants, existsSync, openSync, realpathSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { ok, type Result, usage } from '../../core/result.js';
import type { DiskBus } from '../tools/qemu-disks.js';
import type { UefiStart } from '../tools/qemu-start.js';
import { defaultFirmware, type Firmware } from './firmware.js';

/** What the UEFI firmware does with its variables: its boot entries are in them. */
export const NVRAM = ['writable', 'read-only'] as const;
type Nvram = (typeof NVRAM)[number];

/** A medium and the hardware to boot it with. */
export interface Medium {
  /** A raw file or block device, absolute. */
  readonly file: string;
  readonly firmware: Firmware;
  readonly bus: DiskBus;
  /** What becomes of the UEFI variables; in any case they begin as delivered, without boot entries. */
  readonly writes: NonNullable<UefiStart['writes']>;
}

/** The options about it, as typed. */
export interface MediumOptions {
  readonly medium?: string | undefined;
  readonly firmware?: Firmware | undefined;
  readonly bus?: DiskBus | undefined;
  readonly nvram?: Nvram | undefined;
  readonly passphraseFile?: string | undefined;
  readonly append?: string | undefined;
  readonly disk?: readonly unknown[] | undefined;
  readonly freshDisk?: boolean | undefined;
}

/**
 * The medium that the options name, checked; `undefined`: none. A usage Problem if they do not fit together.
 */
export function chosenMedium(options: MediumOptions): Result<Medium | undefined> {
  const { medium, nvram } = options;
  if (medium === undefined) return nvram === undefined ? ok(undefined) : withoutMedium(`--nvram ${nvram}`);
  const firmware = options.firmware ?? defaultFirmware();
  if (options.append !== undefined) {
    return exclusive('--append', 'the boot loader on the medium sets the kernel command line');
  }
  if (options.disk !== undefined)
    return exclusive('--disk', 'the machine boots from the medium; --data-disk adds disks');
  if (options.freshDisk === true) return exclusive('--fresh-disk', 'it concerns the disk that mkma creates');
  if (nvram !== undefined && firmware === 'bios')
    return exclusive('--nvram', 'a BIOS has no UEFI variables', '--firmware bios');
  const file = resolve(medium);
  const checked = checkMedium(file);
  if (!checked.ok) return checked;
  const bus = options.bus ?? (/\.iso$/i.test(file) ? 'cd' : 'usb');
  return ok({ file, firmware, bus, writes: nvram === 'read-only' ? 'ignored' : 'discarded' });
}

/** For `mkma test`, where only a medium has firmware and a bus. */
export function refuseWithoutMedium(options: MediumOptions): Result<void> {
  if (options.medium !== undefined) return ok();
  const { firmware, bus, passphraseFile } = options;
  if (passphraseFile !== undefined) return withoutMedium('--passphrase-file');
  if (firmware !== undefined) return withoutMedium(`--firmware ${firmware}`);
  return bus === undefined ? ok() : withoutMedium(`--bus ${bus}`);
}

/** How it is booted, for whoever waits for it. */
export function startNote({ firmware, bus }: Medium): string {
  return `booting by ${firmware} from ${bus}`;
}

/** Its name in a file's name. */
export function mediumName({ file, firmware, bus }: Medium): string {
  return `${basename(file).replace(/[^\w.-]/g, '_')}-${firmware}-${bus}`;
}

function exclusive(option: string, why: string, other = '--medium'): Result<never> {
  return usage({
    code: 'exclusive-options',
    what: `${option} does not go with ${other}`,
    where: option,
    why,
    next: 'omit one of the two',
  });
}

function withoutMedium(option: string): Result<never> {
  return usage({
    code: 'exclusive-options',
    what: 'no medium to boot',
    where: option,
    why: 'it concerns the medium of --medium',
    next: 'name a raw disk image, ISO or device (--medium TARGET), or omit the option',
  });
}

/** Checks that it is a disk as a whole, which nothing on this host uses. */
function checkMedium(file: string): Result<void> {
  const refused = (why: string, next: string): Result<never> =>
    usage({
      code: 'medium-not-bootable',
      what: 'cannot boot this medium',
      where: `--medium ${file}`,
      why,
      next,
    });
  const kind = statSync(file, { throwIfNoEntry: false });
  if (kind === undefined)
    return refused('no such file or device', 'name a raw disk image, an ISO, or a device');
  if (!kind.isFile() && !kind.isBlockDevice()) {
    return refused('it is neither a file nor a block device', 'name a raw disk image, an ISO, or a device');
  }
  if (kind.isBlockDevice() && isPartition(file)) {
    return refused(
      'it is a partition, and boot loaders start from whole disks',
      'name the disk that contains it',
    );
  }
  try {
    // O_EXCL without O_CREAT: EBUSY for a block device that is mounted or otherwise claimed (open(2)).
    const exclusively = kind.isBlockDevice() ? constants.O_EXCL : 0;
    closeSync(openSync(file, constants.O_RDONLY | exclusively));
    return ok();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'EBUSY')
      return refused('it is in use on this host', 'unmount it first; lsblk shows what uses it');
    if (code === 'EACCES' || code === 'EPERM') return refused('permission denied', 'run the command as root');
    return refused(message, 'check the medium');
  }
}

function isPartition(device: string): boolean {
  return existsSync(`/sys/class/block/${basename(realpathSync(device))}/partition`);
}
