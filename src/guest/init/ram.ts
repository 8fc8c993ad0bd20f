/** The RAM file system: created and measured. */
import { NAME_COST, PARAM, RAM_HEADROOM } from '../../core/contract.js';
import { type Manifest, nameCount } from '../../core/image/manifest.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { mebibytes, resolveRamSize } from '../../core/text/size.js';
import { memoryInfo } from '../meminfo.js';
import { must } from '../must.js';
import { processors } from '../processors.js';
import type { GuestSystem } from '../system.js';
import { RAM } from './folders.js';
import type { Settings } from './settings.js';

/** Inodes for files that a running system creates at once. */
const SPARE_INODES = 500;

/**
 * Bytes of a page, which determines the kernel's own number of inodes. Larger pages elsewhere only mean more
 * inodes here.
 */
const PAGE = 4096;

/** What a file system has (statfs(2)). */
export interface Room {
  readonly bytes: number;
  readonly freeBytes: number;
  readonly freeInodes: number;
}

/** What an image needs of the RAM file system, according to its manifest. */
export interface Need {
  /** Bytes of content. */
  readonly bytes: number;
  /** As counted by {@link nameCount}. */
  readonly names: number;
  /** Of an archive that takes much memory to decompress: bytes per segment, and number of segments. */
  readonly decompressing?: { readonly window: number; readonly segments: number };
}

export function needOf(manifest: Manifest): Need {
  const { unpackedBytes: bytes, window, segments } = manifest;
  const far = window === undefined ? {} : { decompressing: { window, segments: segments.length } };
  return { bytes, names: nameCount(manifest), ...far };
}

/** What determines how an image is loaded. */
export interface ImageContent {
  readonly manifest?: Manifest | undefined;
  /** Bytes of one that is a file system. */
  readonly fileSystem?: number | undefined;
}

/**
 * What an image needs; `undefined` if unknown until loaded. A file system needs its size, whoever made it.
 */
export function needOfImage({ manifest, fileSystem }: ImageContent): Need | undefined {
  if (manifest !== undefined) return needOf(manifest);
  return fileSystem === undefined ? undefined : { bytes: fileSystem, names: 0 };
}

/**
 * Mounts the RAM file system at {@link RAM}, accessible to root only. Returns its size in bytes. By default,
 * the kernel derives its number of inodes from the RAM alone: half of all pages (tmpfs(5)). That many are
 * left to the running system, on top of what the images bring. There is a limit in any case: the free inodes
 * show afterwards whether everything was unpacked.
 */
export function mountRam(machine: GuestSystem, settings: Settings, needs: readonly Need[]): Result<number> {
  const total = memoryInfo(machine, 'MemTotal');
  const bytes = resolveRamSize(settings.size, total);
  // More names than fit into RAM are refused when the image is loaded.
  const most = Math.floor(total / NAME_COST);
  const names = needs.reduce((sum, need) => sum + Math.min(need.names, most), 0);
  const inodes = Math.floor(total / PAGE / 2) + names;
  const options = `mode=0700,size=${Math.floor(bytes / 1024)}k,nr_inodes=${inodes}`;
  const mount = machine.run(['mount', '-t', 'tmpfs', '-o', options, 'mkma', RAM]);
  if (mount.code === 0) return ok(bytes);
  return err({
    code: 'ram-not-mounted',
    what: 'cannot create the RAM file system',
    where: `${PARAM.size}=${settings.sizeText}`,
    why: mount.stderr.trim(),
    next: `correct ${PARAM.size} in the boot loader`,
  });
}

/** Shrinks the RAM file system by what is beside it in RAM, so that both together have the requested size. */
export function shrinkRam(machine: GuestSystem, beside: number): void {
  const bytes = measure(machine).bytes - beside;
  must(machine, ['mount', '-o', `remount,size=${Math.floor(bytes / 1024)}k`, RAM]);
}

/**
 * Checks whether an image fits beside what is loaded already, before it is loaded. `what` names it for
 * people; `beside`: bytes by which the RAM file system was shrunk for file systems.
 */
export function checkRoom(
  machine: GuestSystem,
  settings: Settings,
  need: Need,
  what: string,
  beside = 0,
): Result<void> {
  const { bytes, freeBytes } = measure(machine);
  const total = memoryInfo(machine, 'MemTotal');
  const available = memoryInfo(machine, 'MemAvailable');
  const takes = `${what} takes ${mebibytes(need.bytes)} MiB`;
  if (need.bytes > freeBytes) {
    const less = beside === 0 ? '' : `, less ${mebibytes(beside)} MiB for file systems beside it`;
    const size = `${mebibytes(bytes)} MiB (${settings.sizeText} of ${mebibytes(total)} MiB RAM${less})`;
    const has = freeBytes < bytes ? `${size}, ${mebibytes(freeBytes)} MiB of it free` : size;
    return err(tooSmall(settings, what, `${takes}; the RAM file system has ${has}`));
  }
  if (need.bytes + RAM_HEADROOM > freeBytes) {
    const left = `${mebibytes(freeBytes - need.bytes)} MiB would be left of the RAM file system`;
    return err(
      tooSmall(
        settings,
        what,
        `${takes}; ${left}, but the running system needs ${mebibytes(RAM_HEADROOM)} MiB`,
      ),
    );
  }
  // Until the system runs, decompressing may need more.
  const { window = 0, segments = 0 } = need.decompressing ?? {};
  const decompressing = window * Math.min(segments, processors(machine));
  const running = need.bytes + need.names * NAME_COST + Math.max(RAM_HEADROOM, decompressing);
  if (running > available) {
    const short = mebibytes(running - available);
    const why = `${takes}; ${mebibytes(available)} MiB of RAM are available, ${short} MiB too few to run it as well`;
    const next = `give the machine more RAM, or make ${what} smaller`;
    return err({ ...tooSmall(settings, what, why), next });
  }
  return ok();
}

/** Checks whether enough room is left after an image of unknown size was loaded. */
export function checkLeft(machine: GuestSystem, settings: Settings, what: string): Result<void> {
  const { freeBytes, freeInodes } = measure(machine);
  if (freeBytes >= RAM_HEADROOM && freeInodes >= SPARE_INODES) return ok();
  const left = `${mebibytes(freeBytes)} MiB and ${freeInodes} inodes of the RAM file system are left`;
  return err(filledUp(machine, settings, what, `${left}: too little to run`));
}

/** Whether nothing more can be written: no free inode, or not even room for a small file. */
export function isFull(machine: GuestSystem): boolean {
  const { freeBytes, freeInodes } = measure(machine);
  return freeInodes === 0 || freeBytes < PAGE;
}

/** The problem of a RAM file system that is too small. */
function tooSmall(settings: Settings, what: string, why: string): Problem {
  return {
    code: 'ram-too-small',
    what: `${what} does not fit into the RAM file system`,
    where: `${PARAM.size}=${settings.sizeText}`,
    why,
    next: `raise ${PARAM.size} in the boot loader, or give the machine more RAM`,
  };
}

/** The problem of an image of unknown content that filled the RAM file system: with bytes, or with names. */
export function filledUp(machine: GuestSystem, settings: Settings, what: string, why: string): Problem {
  const problem: Problem = { ...tooSmall(settings, what, why), code: 'ram-full' };
  if (measure(machine).freeInodes >= SPARE_INODES) return problem;
  return {
    ...problem,
    why: `${why}\nit has too many files: no inodes are left, and their number depends on the RAM`,
    next: `give the machine more RAM, or build ${what} with mkma, so that its manifest states how many files it has`,
  };
}

/** The RAM file system's size, and what is free of it. */
export function measure(machine: GuestSystem): Room {
  const stat = machine.run(['stat', '-f', '-c', '%S %b %f %d', RAM]);
  const numbers = stat.stdout.trim().split(' ').map(Number);
  if (stat.code !== 0 || numbers.length !== 4 || !numbers.every(Number.isInteger)) {
    throw new Error(`cannot measure ${RAM}: ${stat.stderr}`);
  }
  const [unit, blocks, free, freeInodes] = numbers as [number, number, number, number];
  return { bytes: unit * blocks, freeBytes: unit * free, freeInodes };
}
