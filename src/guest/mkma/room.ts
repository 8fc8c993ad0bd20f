/** The RAM file system of the running machine: its size, and how much was written since the last save. */
import type { BootRecord } from '../../core/boot/record.js';
import type { GuestSystem } from '../system.js';

/** Bytes of a file system (statfs(2)). */
export interface FileSystem {
  readonly bytes: number;
  readonly used: number;
  readonly free: number;
}

/**
 * statfs(2) of a path: the view is a bind mount of it, and the root has its upper directory on it, so either
 * works. Of a folder that is not made yet: of the one that it will be in.
 */
export function measureFileSystem(machine: GuestSystem, place: string): FileSystem {
  let there = place;
  while (machine.info(there) === undefined && there.lastIndexOf('/') > 0)
    there = there.slice(0, there.lastIndexOf('/'));
  const stat = machine.run(['stat', '--file-system', '--format=%S %b %f', there]);
  const [unit, blocks, free] = stat.stdout.trim().split(' ').map(Number);
  if (stat.code !== 0 || unit === undefined || blocks === undefined || free === undefined) {
    throw new Error(`cannot measure ${place}: ${stat.stderr}`);
  }
  return { bytes: unit * blocks, used: unit * (blocks - free), free: unit * free };
}

/** Bytes in use at the last save; readable by everybody. */
const SAVED = '/run/mkma/saved-used';

/**
 * Records that this many bytes are saved; without a number, everything that exists now. If that cannot be
 * written, the amount shown is wrong, but nothing is lost.
 */
export function rememberUsed(machine: GuestSystem, record: BootRecord, bytes?: number): void {
  const { used } = measureFileSystem(machine, '/');
  const then = usedAtSave(machine, record);
  if (bytes !== undefined && then === undefined) return;
  machine.write(SAVED, `${bytes === undefined ? used : Math.min(used, (then ?? 0) + bytes)}\n`);
}

/** Bytes in use that the next boot will have again. */
function usedAtSave(machine: GuestSystem, record: BootRecord): number | undefined {
  const saved = machine.readText(SAVED);
  return saved === undefined ? record.usedBytes : Number(saved);
}

/**
 * Bytes that the RAM file system has grown by since the last save, or since the handover; what was deleted
 * again does not count. Cheap, and for every user: for the changes themselves, root has to examine each file.
 * Absent if the boot left no record of it.
 */
export function grownBytes(machine: GuestSystem, record: BootRecord, used: number): number | undefined {
  const then = usedAtSave(machine, record);
  return then === undefined ? undefined : Math.max(0, used - then);
}
