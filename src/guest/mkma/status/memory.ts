/** Where the RAM goes. */
import { OVERLAY } from '../../../core/contract.js';
import type { Machine } from '../../machine.js';
import { memoryInfo } from '../../meminfo.js';

const VIEW = `/${OVERLAY.root}`;
const FRESH = `${VIEW}/${OVERLAY.fresh}`;

/** Bytes everywhere. */
export interface Memory {
  /** The RAM file system, which holds base, layers and fresh. */
  readonly fileSystem: { readonly bytes: number; readonly used: number; readonly free: number };
  /** What changed since boot; absent where it cannot be seen: root alone may look. */
  readonly fresh?: number;
  /** RAM of the machine, and what of it can still be had. */
  readonly total: number;
  readonly available: number;
}

export function readMemory(machine: Machine): Memory {
  const fresh = measureFresh(machine);
  return {
    fileSystem: measureFileSystem(machine),
    ...(fresh === undefined ? {} : { fresh }),
    total: memoryInfo(machine, 'MemTotal'),
    available: memoryInfo(machine, 'MemAvailable'),
  };
}

/** The view is a bind mount of it: statfs(2) tells of the whole. */
function measureFileSystem(machine: Machine): Memory['fileSystem'] {
  const stat = machine.run(['stat', '--file-system', '--format=%S %b %f', VIEW]);
  const [unit, blocks, free] = stat.stdout.trim().split(' ').map(Number);
  if (stat.code !== 0 || unit === undefined || blocks === undefined || free === undefined) {
    throw new Error(`cannot measure ${VIEW}: ${stat.stderr}`);
  }
  return { bytes: unit * blocks, used: unit * (blocks - free), free: unit * free };
}

function measureFresh(machine: Machine): number | undefined {
  if (machine.info(FRESH) === undefined) return undefined;
  const kibibytes = Number.parseInt(machine.run(['du', '-sk', FRESH]).stdout, 10);
  return Number.isNaN(kibibytes) ? undefined : kibibytes * 1024;
}
