/** RAM usage. */
import { largestParts, type Sized } from '../../../core/overlay/largest.js';
import { memoryInfo } from '../../meminfo.js';
import { ask } from '../../ran.js';
import type { GuestSystem } from '../../system.js';
import { type FileSystem, measureFileSystem } from '../room.js';
import { FRESH, VIEW } from '../view.js';

/** All in bytes. */
export interface Memory {
  /** The RAM file system, which contains base, layers and fresh. */
  readonly fileSystem: FileSystem;
  /** Changes since boot; absent if they cannot be read: only root may. */
  readonly fresh?: number;
  /** Their largest parts, the largest first: absolute paths. Absent like `fresh`. */
  readonly largest?: readonly Sized[];
  /** RAM of the machine, and how much of it is available. */
  readonly total: number;
  readonly available: number;
}

/** `viewed`: whether the view is mounted, so that it can be measured. */
export function readMemory(machine: GuestSystem, viewed: boolean): Memory {
  const fresh = viewed ? measureFresh(machine) : undefined;
  return {
    fileSystem: measureFileSystem(machine, viewed ? VIEW : '/'),
    ...(fresh ?? {}),
    total: memoryInfo(machine, 'MemTotal'),
    available: memoryInfo(machine, 'MemAvailable'),
  };
}

/** How many of the largest changes are listed. */
const LARGEST = 5;

function measureFresh(machine: GuestSystem): Required<Pick<Memory, 'fresh' | 'largest'>> | undefined {
  if (machine.info(FRESH) === undefined) return undefined;
  const argv = ['du', '--all', '--null', '--block-size=1', '.'];
  // 1: something disappeared meanwhile.
  const listing = ask(machine, argv, [1], { cwd: FRESH }).stdout;
  const sizes = listing
    .split('\0')
    .filter((line) => line !== '')
    .map((line): Sized => {
      const tab = line.indexOf('\t');
      return { bytes: Number(line.slice(0, tab)), path: line.slice(tab + 1).replace(/^\.\//, '') };
    });
  // The root is last.
  const fresh = sizes.at(-1)?.bytes;
  if (fresh === undefined) return undefined;
  const largest = largestParts(sizes, LARGEST).map(({ path, bytes }) => ({ path: `/${path}`, bytes }));
  return { fresh, largest };
}
