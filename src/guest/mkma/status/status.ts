/** What `mkma status` tells: the record of the boot, and what holds now. */
import type { BootRecord, LeftOut, LoadedImage, PhaseTime } from '../../../core/boot.js';
import type { Machine } from '../../machine.js';
import { type Memory, readMemory } from './memory.js';

export interface Status {
  /** Absent only where a record lacks it. */
  readonly base?: LoadedImage;
  /** Applied layers, the lowest first. */
  readonly layers: readonly LoadedImage[];
  readonly leftOut: readonly LeftOut[];
  readonly warnings: readonly string[];
  readonly storage: BootRecord['storage'] & {
    /** Where it is mounted now: somebody else's doing. Empty: it is released. */
    readonly mountedOn: readonly string[];
  };
  /** Seconds, counted from the start of the kernel. */
  readonly times: {
    readonly init: number;
    readonly phases: readonly PhaseTime[];
    readonly handover: number;
  };
  readonly memory: Memory;
}

export function readStatus(machine: Machine, record: BootRecord): Status {
  const { images, leftOut, warnings, storage, phases, started, handover } = record;
  const base = images.find((image) => image.kind === 'base');
  return {
    ...(base === undefined ? {} : { base }),
    layers: images.filter((image) => image.kind === 'layer'),
    leftOut,
    warnings,
    storage: { ...storage, mountedOn: mountPoints(machine, storage.device) },
    times: { init: started, phases, handover },
    memory: readMemory(machine),
  };
}

/** Where a device is mounted; findmnt(8) knows it by all its names, and ends with 1 where it is not. */
function mountPoints(machine: Machine, device: string): string[] {
  const found = machine.run(['findmnt', '--noheadings', '--list', '--output', 'TARGET', '--source', device]);
  return found.stdout.split('\n').filter((line) => line !== '');
}
