/**
 * What a target of `mkma install` is: a new file, a file that is a medium, or a disk with what is known of
 * it.
 */
import { realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { err, ok, type Problem, type Result, usage } from '../../core/result.js';
import { type BlockDevice, listDevice, noDevice } from './block-device.js';
import { type FoundMedium, readMedium } from './medium.js';
import { newFile } from './new-file.js';
import { requireForeign } from './refuse.js';
import { backingOf } from './uses.js';

export type Target =
  | { readonly kind: 'new'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string; readonly medium: FoundMedium }
  | {
      readonly kind: 'device';
      readonly path: string;
      readonly device: BlockDevice;
      readonly medium: FoundMedium | undefined;
    };

/** Looks at it without changing it. */
export async function findTarget(path: string, signal: AbortSignal): Promise<Result<Target>> {
  const whole = resolve(path);
  const stats = statSync(whole, { throwIfNoEntry: false });
  if (stats === undefined) {
    if (isInDev(whole)) return err(noDevice(whole));
    const made = newFile(whole);
    return made.ok ? ok({ kind: 'new', path: made.value }) : made;
  }
  const real = realpathSync(whole);
  if (stats.isBlockDevice()) return findDevice(real, signal);
  if (!stats.isFile()) return err(notTarget(whole, stats.isDirectory() ? 'it is a folder' : 'it is no disk'));
  const medium = attempt(real);
  if (!medium.ok) return medium;
  if (medium.value !== undefined) return ok({ kind: 'file', path: real, medium: medium.value });
  return err({
    code: 'target-not-medium',
    what: 'this file is no medium that mkma made',
    where: whole,
    why: 'it exists, and is never overwritten',
    next: 'name a file that does not exist, or remove this one',
  });
}

/** Whether a path that does not exist was meant as a device: /dev has files in one folder alone. */
function isInDev(path: string): boolean {
  return path.startsWith('/dev/') && !path.startsWith('/dev/shm/');
}

async function findDevice(path: string, signal: AbortSignal): Promise<Result<Target>> {
  const listed = await listDevice(path, signal);
  if (!listed.ok) return listed;
  const device = listed.value;
  if (device.type === 'part') {
    const disk = device.pkname === null ? 'the disk' : `/dev/${device.pkname}`;
    return usage({
      code: 'target-is-partition',
      what: 'this is a partition',
      where: path,
      why: 'a medium has a partition table of its own, so that any machine can boot it',
      next: `name the whole disk, if all of it may be overwritten: ${disk}`,
      suggestion: disk,
    });
  }
  if (!['disk', 'loop'].includes(device.type)) return err(notTarget(path, `it is of type ${device.type}`));
  const backing = backingOf(device.name);
  if (backing !== undefined && statSync(backing, { throwIfNoEntry: false })?.isBlockDevice() === true)
    return err(notTarget(path, `it is a loop device over ${backing}, whose uses it hides`));
  // Before it is read: an open disk of the system is nobody's business.
  const foreign = requireForeign(device);
  if (!foreign.ok) return foreign;
  if (device.size === 0) return err(notTarget(path, 'it has no medium in it, or a size of 0'));
  const medium = attempt(path);
  return medium.ok ? ok({ kind: 'device', path, device, medium: medium.value }) : medium;
}

function attempt(path: string): Result<FoundMedium | undefined> {
  try {
    return ok(readMedium(path));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === undefined) throw cause;
    const next =
      code === 'EACCES' ? 'run as root: sudo mkma install' : 'check that the device is attached and works';
    return err({
      code: 'target-unreadable',
      what: 'cannot read the target',
      where: path,
      why: message,
      next,
    });
  }
}

function notTarget(path: string, why: string): Problem {
  return {
    code: 'target-not-disk',
    what: 'cannot install there',
    where: path,
    why,
    next: 'name a disk, such as /dev/sdb, or a new file',
  };
}
