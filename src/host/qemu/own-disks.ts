/** Disks of the user's own for `mkma run`, and the firmware that may start them. */
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
  /** The user's disks, the one with the images or the boot loader first; none: the disk made for the images. */
  readonly disks?: readonly OwnDisk[] | undefined;
  /** What all disks hang on; virtio unless said otherwise. */
  readonly bus?: DiskBus | undefined;
  /** Start the first disk's own boot loader instead of loading the kernel directly. */
  readonly firmware?: Firmware | undefined;
}

/** A disk image as typed: `FILE`, or `FILE:ro` for one that the machine cannot write to. */
export function parseOwnDisk(text: string): OwnDisk {
  const readonly = text.endsWith(':ro');
  return { file: readonly ? text.slice(0, -3) : text, readonly };
}

/** Whether the options go together and the disks are there; a usage Problem where not. */
export function checkDiskChoice(
  options: DiskChoice & { readonly append?: string | undefined; readonly freshDisk?: boolean | undefined },
): Result<void> {
  const { disks, firmware, append, freshDisk } = options;
  if (firmware !== undefined && disks === undefined) {
    return usage({
      code: 'exclusive-options',
      what: 'there is no boot loader to start',
      where: `--firmware ${firmware}`,
      why: 'the disk that mkma makes holds the images alone',
      next: 'name a disk with a boot loader on it: --disk FILE; or leave out --firmware',
    });
  }
  if (firmware !== undefined && append !== undefined) {
    return usage({
      code: 'exclusive-options',
      what: 'the kernel command line cannot be changed from here',
      where: '--append',
      why: `with --firmware ${firmware} it is the boot loader on the disk that gives it`,
      next: 'write the parameters into the boot loader entry, or leave out --firmware',
    });
  }
  if (freshDisk === true && disks !== undefined) {
    return usage({
      code: 'exclusive-options',
      what: 'a disk of your own is not made anew',
      where: '--fresh-disk',
      why: 'it is about the disk that mkma makes, and --disk takes its place',
      next: 'leave out one of the two',
    });
  }
  return checkPresent('--disk', disks);
}

/** Whether disk images are there; a usage Problem where one is not. */
export function checkPresent(option: string, disks: readonly OwnDisk[] = []): Result<void> {
  const absent = disks.find(({ file }) => !existsSync(file));
  if (absent === undefined) return ok();
  return usage({
    code: 'no-such-disk-image',
    what: 'there is no such disk image',
    where: `${option} ${absent.file}`,
    next: 'name a file with the raw content of a disk (FILE:ro attaches it read-only)',
  });
}

/** Disks beside the one with the images, as the machine's: it finds them as /dev/disk/by-id/virtio-mkma-data-1 and so on. */
export function attachData(disks: readonly OwnDisk[] = []): MachineDisk[] {
  return disks.map((disk, i) => ({ ...disk, format: 'raw', serial: `mkma-data-${i + 1}` }));
}

/** The user's disks as the machine's. */
export function attachOwn(disks: readonly OwnDisk[]): MachineDisk[] {
  return disks.map((disk, i) => ({ ...disk, format: 'raw', serial: i === 0 ? 'mkma' : `mkma-${i + 1}` }));
}
