/** Where the RAM goes. */
import { largestParts, type Sized } from '../../../core/overlay/largest.js';
import { memoryInfo } from '../../meminfo.js';
import { ask } from '../../ran.js';
import type { GuestSystem } from '../../system.js';
import { type FileSystem, measureFileSystem } from '../room.js';
import { FRESH, VIEW } from '../view.js';

/** Bytes everywhere. */
export interface Memory {
  /** The RAM file system, which holds base, layers and fresh. */
  readonly fileSystem: FileSystem;
  /** What changed since boot; absent where it cannot be seen: root alone may look. */
  readonly fresh?: number;
  /** Where the most of it lies, the largest first: absolute paths. Absent as `fresh` is. */
  readonly largest?: readonly Sized[];
  /** RAM of the machine, and what of it can still be had. */
  readonly total: number;
  readonly available: number;
}

/** `viewed`: whether the view is there to be measured. */
export function readMemory(machine: GuestSystem, viewed: boolean): Memory {
  const fresh = viewed ? measureFresh(machine) : undefined;
  return {
    fileSystem: measureFileSystem(machine, viewed ? VIEW : '/'),
    ...(fresh ?? {}),
    total: memoryInfo(machine, 'MemTotal'),
    available: memoryInfo(machine, 'MemAvailable'),
  };
}

/** How many of the largest changes are told. */
const LARGEST = 5;

function measureFresh(machine: GuestSystem): Required<Pick<Memory, 'fresh' | 'largest'>> | undefined {
  if (machine.info(FRESH) === undefined) return undefined;
  const argv = ['du', '--all', '--null', '--block-size=1', '.'];
  // 1: something went away meanwhile.
  const listing = ask(machine, argv, [1], { cwd: FRESH }).stdout;
  const sizes = listing
    .split('\0')
    .filter((line) => line !== '')
    .map((line): Sized => {
      const tab = line.indexOf('\t');
      return { bytes: Number(line.slice(0, tab)), path: line.slice(tab + 1).replace(/^\.\//, '') };
    });
  // The root comes last.
  const fresh = sizes.at(-1)?.bytes;
  if (fresh === undefined) return undefined;
  const largest = largestParts(sizes, LARGEST).map(({ path, bytes }) => ({ path: `/${path}`, bytes }));
  return { fresh, largest };
}
