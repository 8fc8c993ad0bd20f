/** The RAM file system: made, and measured. */
import { PARAM } from '../../core/contract.js';
import type { Manifest } from '../../core/manifest.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { mebibytes, resolveRamSize } from '../../core/size.js';
import type { Machine } from '../machine.js';
import { RAM } from './places.js';
import type { Settings } from './settings.js';

/** Room that a running system needs beside its files before anything is worth booting. */
const HEADROOM = 32 * 2 ** 20;

/** Bytes of kernel memory behind a name on a tmpfs, beside its content: an inode and a directory entry, rounded up. */
const NAME_COST = 1024;

/** Bytes of a page: what sets the kernel's own number of inodes. Larger pages elsewhere only mean more inodes here. */
const PAGE = 4096;

/** What a file system has (statfs(2)). */
export interface Room {
  readonly bytes: number;
  readonly freeInodes: number;
}

/**
 * Mount the RAM file system at {@link RAM}, root's alone. Returns its size in bytes. The kernel counts its inodes by RAM
 * alone, whatever its size: a half of all pages (tmpfs(5)). That many are left to the running system, on top of what the
 * base brings. Not without a limit: what is free tells afterwards whether all was unpacked.
 */
export function mountRam(
  machine: Machine,
  settings: Settings,
  manifest: Manifest | undefined,
): Result<number> {
  const total = memory(machine, 'MemTotal');
  const bytes = resolveRamSize(settings.size, total);
  const inodes = Math.floor(total / PAGE / 2) + (manifest === undefined ? 0 : countNames(manifest));
  const options = `mode=0700,size=${Math.floor(bytes / 1024)}k,nr_inodes=${inodes}`;
  const mount = machine.run(['mount', '-t', 'tmpfs', '-o', options, 'mkma', RAM]);
  if (mount.code === 0) return ok(bytes);
  return err({
    what: 'cannot make the RAM file system',
    where: `${PARAM.size}=${settings.sizeText}`,
    why: mount.stderr.trim(),
    next: `correct ${PARAM.size} in the boot loader`,
  });
}

/** Whether an image fits, before anything of it is loaded. */
export function checkRoom(machine: Machine, settings: Settings, manifest: Manifest): Result<void> {
  const { bytes } = measure(machine);
  const total = memory(machine, 'MemTotal');
  const available = memory(machine, 'MemAvailable');
  const need = `the base takes ${mebibytes(manifest.unpackedBytes)} MiB`;
  if (manifest.unpackedBytes > bytes) {
    const has = `${mebibytes(bytes)} MiB (${settings.sizeText} of ${mebibytes(total)} MiB RAM)`;
    return err(tooSmall(settings, `${need}; the RAM file system has ${has}`));
  }
  const running = manifest.unpackedBytes + countNames(manifest) * NAME_COST + HEADROOM;
  if (running > available) {
    const short = mebibytes(running - available);
    const why = `${need}; ${mebibytes(available)} MiB of RAM are free, ${short} MiB too few to run it as well`;
    return err({ ...tooSmall(settings, why), next: 'give the machine more RAM, or build a smaller base' });
  }
  return ok();
}

/** The problem of a RAM file system that is too small. */
function tooSmall(settings: Settings, why: string): Problem {
  return {
    what: 'the base does not fit into the RAM file system',
    where: `${PARAM.size}=${settings.sizeText}`,
    why,
    next: `raise ${PARAM.size} in the boot loader, or give the machine more RAM`,
  };
}

/** The problem of a base of unknown content that filled the RAM file system: with bytes, or with names. */
export function filledUp(machine: Machine, settings: Settings, why: string): Problem {
  const problem = tooSmall(settings, why);
  if (measure(machine).freeInodes > 0) return problem;
  return {
    ...problem,
    why: `${why}\nit has too many files: the inodes are used up, and their number follows from the RAM`,
    next: 'give the machine more RAM, or let mkma build the base: its manifest says how many files it has',
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
