/** The RAM file system: made, and measured. */
import { PARAM } from '../../core/contract.js';
import type { Manifest } from '../../core/image.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { mebibytes, resolveRamSize } from '../../core/size.js';
import type { Machine } from '../machine.js';
import { RAM } from './places.js';
import type { Settings } from './settings.js';

/** Room that a running system needs beside its files before anything is worth booting. */
const HEADROOM = 32 * 2 ** 20;

/** What a file system has (statfs(2)). */
export interface Room {
  readonly bytes: number;
  readonly freeInodes: number;
}

/** Mount the RAM file system at {@link RAM}, root's alone. Returns its size in bytes. */
export function mountRam(machine: Machine, settings: Settings): Result<number> {
  const bytes = resolveRamSize(settings.size, memory(machine, 'MemTotal'));
  const options = `mode=0700,size=${Math.floor(bytes / 1024)}k`;
  const mount = machine.run(['mount', '-t', 'tmpfs', '-o', options, 'mkma', RAM]);
  if (mount.code === 0) return ok(bytes);
  return err({
    what: 'cannot make the RAM file system',
    where: `${PARAM.size}=${settings.sizeText}`,
    why: mount.stderr.trim(),
    next: `correct ${PARAM.size} in the boot loader`,
  });
}

/** Whether an image fits, before anything of it is loaded. A tmpfs counts every hard link as an inode. */
export function checkRoom(machine: Machine, settings: Settings, manifest: Manifest): Result<void> {
  const room = measure(machine);
  const names = countNames(manifest);
  const total = memory(machine, 'MemTotal');
  const available = memory(machine, 'MemAvailable');
  const need = `the base takes ${mebibytes(manifest.unpackedBytes)} MiB and ${names} inodes`;
  if (manifest.unpackedBytes > room.bytes || names > room.freeInodes) {
    const has = `${mebibytes(room.bytes)} MiB and ${room.freeInodes} inodes`;
    return err(
      tooSmall(
        settings,
        `${need}; the RAM file system has ${has} (${settings.sizeText} of ${mebibytes(total)} MiB RAM)`,
      ),
    );
  }
  if (manifest.unpackedBytes + HEADROOM > available) {
    const short = mebibytes(manifest.unpackedBytes + HEADROOM - available);
    const why = `${need}; ${mebibytes(available)} MiB of RAM are free, ${short} MiB too few to run it as well`;
    return err({ ...tooSmall(settings, why), next: 'give the machine more RAM, or build a smaller base' });
  }
  return ok();
}

/** The problem of a RAM file system that is too small. */
export function tooSmall(settings: Settings, why: string): Problem {
  return {
    what: 'the base does not fit into the RAM file system',
    where: `${PARAM.size}=${settings.sizeText}`,
    why,
    next: `raise ${PARAM.size} in the boot loader, or give the machine more RAM`,
  };
}

/** Names that an image brings: what a tmpfs counts as inodes, hard links included (shmem_link in mm/shmem.c). */
export function countNames(manifest: Manifest): number {
  return manifest.segments.reduce((sum, segment) => sum + segment.records, 0);
}

/** The RAM file system's size and free inodes. */
export function measure(machine: Machine): Room {
  const stat = machine.run(['stat', '-f', '-c', '%S %b %d', RAM]);
  const [unit, blocks, freeInodes] = stat.stdout.trim().split(' ').map(Number);
  if (stat.code !== 0 || unit === undefined || blocks === undefined || freeInodes === undefined) {
    throw new Error(`cannot measure ${RAM}: ${stat.stderr}`);
  }
  return { bytes: unit * blocks, freeInodes };
}

/** A line of /proc/meminfo, in bytes. */
function memory(machine: Machine, field: 'MemTotal' | 'MemAvailable'): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(machine.readText('/proc/meminfo') ?? '');
  if (match === null) throw new Error(`/proc/meminfo has no ${field}`);
  return Number(match[1]) * 1024;
}
