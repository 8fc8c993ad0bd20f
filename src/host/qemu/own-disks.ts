/** The user's own disks for `mkma run`, and the firmware that may start them. */
import { existsSync } from 'node:fs';
import { ok, type Result, usage } from '../../core/result.js';
import type { DiskBus, MachineDisk } from '../tools/qemu-disks.js';
import type { Firmware } from './firmware.js';

/** What `--disk` names. */
export interface OwnDisk {
  readonly file: string;
  readonly readonly: boolean;
}

export interface DiskChoice {
  /**
   * The user's disks, the one with the images or the boot loader first; none: the disk created for the
   * images.
   */
  readonly disks?: readonly OwnDisk[] | undefined;
  /** The disk controller; virtio by default. */
  readonly bus?: DiskBus | undefined;
  /** Start the first disk's own boot loader instead of loading the kernel directly. */
  readonly firmware?: Firmware | undefined;
}

/** A disk image as typed: `FILE`, or `FILE:ro` for one attached read-only. */
export function parseOwnDisk(text: string): OwnDisk {
  const readonly = text.endsWith(':ro');
  return { file: readonly ? text.slice(0, -3) : text, readonly };
}

/** Checks that the options fit together and the disks exist; else a usage Problem. */
export function checkDiskChoice(
  options: DiskChoice & { readonly append?: string | undefined; readonly freshDisk?: boolean | undefined },
): Result<void> {
  const { disks, firmware, append, freshDisk } = options;
  if (firmware !== undefined && disks === undefined) {
    return usage({
      code: 'exclusive-options',
      what: 'no boot loader to start',
      where: `--firmware ${firmware}`,
      why: 'the disk that mkma creates contains only the images',
      next: 'name a disk with a boot loader (--disk FILE, --medium TARGET), or omit --firmware',
    });
  }
  if (firmware !== undefined && append !== undefined) {
    return usage({
      code: 'exclusive-options',
      what: 'cannot change the kernel command line',
      where: '--append',
      why: `with --firmware ${firmware} the boot loader on the disk sets it`,
      next: 'write the parameters into the boot loader entry, or omit --firmware',
    });
  }
  if (freshDisk === true && disks !== undefined) {
    return usage({
      code: 'exclusive-options',
      what: 'cannot recreate a disk of your own',
      where: '--fresh-disk',
      why: 'it concerns the disk that mkma creates, which --disk replaces',
      next: 'omit one of the two',
    });
  }
  return checkPresent('--disk', disks);
}

/** Checks that disk images exist; else a usage Problem. */
export function checkPresent(option: string, disks: readonly OwnDisk[] = []): Result<void> {
  const absent = disks.find(({ file }) => !existsSync(file));
  if (absent === undefined) return ok();
  return usage({
    code: 'no-such-disk-image',
    what: 'no such disk image',
    where: `${option} ${absent.file}`,
    next: 'name a raw disk image (FILE:ro attaches it read-only)',
  });
}

/**
 * Disks besides the one with the images: the machine finds them as /dev/disk/by-id/virtio-mkma-data-1 and so
 * on.
 */
export function attachData(disks: readonly OwnDisk[] = []): MachineDisk[] {
  return disks.map((disk, i) => ({ ...disk, format: 'raw', serial: `mkma-data-${i + 1}` }));
}

/** The user's disks, as disks of the machine. */
export function attachOwn(disks: readonly OwnDisk[]): MachineDisk[] {
  return disks.map((disk, i) => ({ ...disk, format: 'raw', serial: i === 0 ? 'mkma' : `mkma-${i + 1}` }));
}
