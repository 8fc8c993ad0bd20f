/**
 * What init leaves for the running machine in /run/mkma: read by `mkma status` and by the tests, written by init.
 */
import type { Phase } from './contract.js';

/** Where it lies, on the booting and on the running machine alike. */
export const BOOT_RECORD = '/run/mkma/boot.json';

/** How long a phase took. Seconds, counted from the start of the kernel. */
export interface PhaseTime {
  readonly phase: Phase;
  readonly start: number;
  readonly seconds: number;
}

/** An image as it was loaded. `id` and `name` are absent where the image has no manifest. */
export interface LoadedImage {
  readonly kind: 'base';
  readonly file: string;
  readonly id?: string;
  readonly name?: string;
  /** Whether it has a manifest that what was unpacked agrees with. */
  readonly verified: boolean;
  /** Bytes of the file. */
  readonly bytes: number;
  /** Bytes of RAM that its content takes. */
  readonly unpackedBytes: number;
  readonly seconds: number;
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
  readonly images: readonly LoadedImage[];
  /** Bytes of the RAM file system. */
  readonly ramBytes: number;
  /** The handover itself is not over when this is written: the phases before it. */
  readonly phases: readonly PhaseTime[];
  /** Seconds from the kernel's start to the start of init, and to the handover. */
  readonly started: number;
  readonly handover: number;
}
