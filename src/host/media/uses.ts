/**
 * Finds what uses a disk or a file: programs, loop devices, the kernel, and the machine that booted from it.
 */
import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BOOT_RECORD, type BootRecord } from '../../core/boot/record.js';
import { membersOf } from './lvm-members.js';
import { LVM_MEMBER, type Uses } from './refuse.js';

/** udev's programs look at a device for a moment after it changed: so long others are waited for. */
const PATIENCE = { tries: 10, pause: 200 } as const;

/** What uses it. `paths`: those of the disk and of all that is on it. */
export async function usesOf(path: string, paths: readonly string[]): Promise<Uses> {
  let found = look(path, paths);
  for (let n = 0; n < PATIENCE.tries && (found.open.length > 0 || found.claimed); n++) {
    await sleep(PATIENCE.pause);
    found = look(path, paths);
  }
  return { ...found, bootedFrom: await bootedFrom() };
}

function look(path: string, paths: readonly string[]): Omit<Uses, 'bootedFrom'> {
  const { claimed, unwritable } = openable(path);
  return { loops: loopsOver(paths), open: openBy(paths), claimed, unwritable };
}

/**
 * Opening a device exclusively fails if the kernel gave it, or a part of it, to somebody (open(2), O_EXCL).
 * It is not opened for writing: whenever that ends, udev looks at the device again (udev(7), "watch") and
 * starts the RAID or the volume group that it is part of. lsblk reports what is read-only.
 */
function openable(path: string): { readonly claimed: boolean; readonly unwritable: boolean } {
  const device = statSync(path).isBlockDevice();
  try {
    closeSync(openSync(path, device ? constants.O_RDONLY | constants.O_EXCL : constants.O_RDWR));
    return { claimed: false, unwritable: false };
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    if (code === 'EBUSY') return { claimed: true, unwritable: false };
    if (['EROFS', 'EACCES', 'EPERM'].includes(code)) return { claimed: false, unwritable: true };
    throw cause;
  }
}

/** Loop devices over one of these files or devices, none of these itself. */
function loopsOver(paths: readonly string[]): string[] {
  return readdirSync('/sys/block').flatMap((name) => {
    const backing = backingOf(name);
    const path = `/dev/${name}`;
    return backing !== undefined && paths.includes(backing) && !paths.includes(path) ? [path] : [];
  });
}

/**
 * What a loop device is over: a file or a device; `undefined`: nothing, or it is no loop device
 * (Documentation/ABI/testing/sysfs-block-loop).
 */
export function backingOf(name: string): string | undefined {
  const file = join('/sys/block', name, 'loop/backing_file');
  return existsSync(file) ? readFileSync(file, 'utf8').replace(/\n$/, '') : undefined;
}

/** Other processes that have one of them open, as far as this one may know. */
function openBy(paths: readonly string[]): string[] {
  const wanted = new Set(paths.map(identityOf));
  const found: string[] = [];
  for (const pid of readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && Number(name) !== process.pid,
  )) {
    if (opens(join('/proc', pid, 'fd'), paths, wanted)) found.push(`${pid} ${nameOf(pid)}`.trim());
  }
  return found;
}

function opens(folder: string, paths: readonly string[], wanted: ReadonlySet<string>): boolean {
  try {
    return readdirSync(folder).some((fd) => {
      const path = readlinkSync(join(folder, fd));
      // Only these are looked at more closely: stat of a file on a server may wait for ever.
      if (!path.startsWith('/dev/') && !paths.includes(path)) return false;
      return wanted.has(identityOf(join(folder, fd)));
    });
  } catch {
    // It has ended, or is another user's.
    return false;
  }
}

/** What a path leads to: a device by its numbers, another file by its inode. */
function identityOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return path;
  return stats.isBlockDevice() ? `device ${stats.rdev}` : `file ${stats.dev} ${stats.ino}`;
}

function nameOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}

/**
 * How this machine's early boot found its storage: the device, and its UUID where that was asked for. Volumes
 * are closed after the handover: then only their headers tell. `members`: the UUIDs of the physical volumes
 * that its logical volumes are on; `undefined`: unknown, so that they may be on any. Pure.
 */
export function namesOfStorage(
  { device, asked, opening }: BootRecord['storage'],
  members: readonly string[] | undefined,
): string[] {
  const { luks = [], lvm = [] } = opening ?? {};
  const anyMember = lvm.length > 0 && luks.length === 0 ? [LVM_MEMBER] : [];
  return [device, asked.replace(/^UUID=/, ''), ...luks, ...(members ?? anyMember)];
}

async function bootedFrom(): Promise<string[]> {
  if (!existsSync(BOOT_RECORD)) return [];
  const { storage } = JSON.parse(readFileSync(BOOT_RECORD, 'utf8')) as BootRecord;
  const groups = (storage.opening?.lvm ?? []).map(({ group }) => group);
  return namesOfStorage(storage, groups.length === 0 ? [] : await membersOf(groups));
}
