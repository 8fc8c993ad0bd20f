/**
 * What init leaves for the running machine in /run/mkma: read by `mkma status` and by the tests, written by init.
 */
import type { Phase } from '../contract.js';
import type { Problem } from '../result.js';

/** Where it lies, on the booting and on the running machine alike. */
export const BOOT_RECORD = '/run/mkma/boot.json';

/** How long a phase took. Seconds, counted from the start of the kernel. */
export interface PhaseTime {
  readonly phase: Phase;
  readonly start: number;
  readonly seconds: number;
  /** What most of it went to, in order; absent in records of old. */
  readonly steps?: readonly StepTime[];
}

/** How long a part of a phase took, in words for people. */
export interface StepTime {
  readonly step: string;
  readonly seconds: number;
}

/** A boot as a line of time. Seconds, counted from the start of the kernel. */
export interface BootTimes {
  /** When init started. */
  readonly init: number;
  readonly phases: readonly PhaseTime[];
  /** When the system itself started. */
  readonly handover: number;
}

export function bootTimes({ started, phases, handover }: BootRecord): BootTimes {
  return { init: started, phases, handover };
}

/** An image as it was loaded. What its manifest tells is absent where it has none. */
export interface LoadedImage {
  readonly kind: 'base' | 'layer';
  /** Of a layer: its name, which is also that of its folder in /overlay/layers. */
  readonly layer?: string;
  /** The file, as a path from the top of its file system. */
  readonly file: string;
  readonly id?: string;
  /** Name of the machine it was made as. */
  readonly name?: string;
  /** When it was made, ISO 8601 in UTC. */
  readonly created?: string;
  /** Of a base that is kept as the file system that it is. */
  readonly format?: 'erofs';
  /** Whether it has a manifest that what was loaded agrees with. */
  readonly verified: boolean;
  /** Bytes of the file. */
  readonly bytes: number;
  /** Bytes of RAM that its content takes. */
  readonly unpackedBytes: number;
  /** Names it takes, which a tmpfs counts as inodes; absent where that is not known. */
  readonly inodes?: number;
  readonly seconds: number;
  /** Seconds of these for checking a file system's content; archives are checked on their way. */
  readonly checkSeconds?: number;
  /** What was odd about it though it was applied: made on another base, or after a layer that is not here. */
  readonly warnings?: readonly string[];
}

/** A layer that lies beside the base and was not applied. */
export interface LeftOut {
  readonly layer: string;
  readonly file: string;
  /** Bytes of the file. */
  readonly bytes: number;
  /** Left out because `mkma_layers` says so; otherwise because of the problem. */
  readonly asked: boolean;
  /** Why it was left out, where nobody asked for that. */
  readonly problem?: Problem;
}

export interface BootRecord {
  readonly format: 1;
  readonly storage: {
    /** As named on the command line. */
    readonly asked: string;
    /** The device node that was found. */
    readonly device: string;
    /** The file system's type as blkid(8) names it. */
    readonly type: string;
    /** The folder with the images. */
    readonly path: string;
    /** Nodes of further devices that fit what was asked for; absent where there were none. */
    readonly others?: readonly string[];
  };
  /** What was loaded: the base, then the layers in the order in which they lie on it, the lowest first. */
  readonly images: readonly LoadedImage[];
  /** Layers that were not applied, in the order of their names. */
  readonly leftOut: readonly LeftOut[];
  /** What else was odd, as it was told on the console. */
  readonly warnings: readonly string[];
  /** Bytes of the RAM file system. */
  readonly ramBytes: number;
  /** Bytes of it that base, layers and their folders took at the handover; absent in records of old. */
  readonly usedBytes?: number;
  /** Bytes of RAM that could be had before anything was loaded (MemAvailable of proc_meminfo(5)); absent in records of old. */
  readonly availableBytes?: number;
  /** The handover itself is not over when this is written: the phases before it. */
  readonly phases: readonly PhaseTime[];
  /** Seconds from the kernel's start to the start of init, and to the handover. */
  readonly started: number;
  readonly handover: number;
}
