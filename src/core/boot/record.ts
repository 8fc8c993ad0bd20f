/**
 * The record that init leaves in /run/mkma for the running machine: read by `mkma status` and by the tests.
 */
import type { SessionMark } from '../auto/session.js';
import type { Phase } from '../contract.js';
import type { Binding } from '../identity/mark.js';
import type { Renumbered } from '../records/compose.js';
import type { Problem } from '../result.js';
import type { Opening } from './opening.js';

/** Its path, on the booting and on the running machine alike. */
export const BOOT_RECORD = '/run/mkma/boot.json';

/** How long a phase took. Seconds, counted from the start of the kernel. */
export interface PhaseTime {
  readonly phase: Phase;
  readonly start: number;
  readonly seconds: number;
  /** Its main parts, in order; absent in older records. */
  readonly steps?: readonly StepTime[];
}

/** How long a part of a phase took, with a name for people. */
export interface StepTime {
  readonly step: string;
  readonly seconds: number;
}

/** A boot as a timeline. Seconds since the kernel started. */
export interface BootTimes {
  /** When init started. */
  readonly init: number;
  readonly phases: readonly PhaseTime[];
  /** When the system's own init started. */
  readonly handover: number;
}

export function bootTimes({ started, phases, handover }: BootRecord): BootTimes {
  return { init: started, phases, handover };
}

/** An image as loaded. Values from its manifest are absent without one. */
export interface LoadedImage {
  readonly kind: 'base' | 'layer';
  /** Of a layer: its name, which is also that of its folder in /overlay/layers. */
  readonly layer?: string;
  /** The file, as a path from the root of its file system. */
  readonly file: string;
  readonly id?: string;
  /** Of a layer that others were merged into: ids of the highest of them (LayerFacts). */
  readonly highest?: readonly string[];
  /** Name of the machine it was made as. */
  readonly name?: string;
  /** When it was made, ISO 8601 in UTC. */
  readonly created?: string;
  /** Of an image that stays a file system. */
  readonly format?: 'erofs';
  /** Of a layer with an identity: what it is bound to. */
  readonly identity?: Binding;
  /** Whether it has a manifest that matches what was loaded. */
  readonly verified: boolean;
  /** Bytes of the file. */
  readonly bytes: number;
  /** Bytes of RAM that its content takes. */
  readonly unpackedBytes: number;
  /** Number of names in it, which a tmpfs counts as inodes; absent if unknown. */
  readonly inodes?: number;
  readonly seconds: number;
  /** Seconds of these for verifying a file system's content; archives are verified while they unpack. */
  readonly checkSeconds?: number;
  /** Owners that are others here than in the layer, which is mounted with those. */
  readonly renumbered?: readonly Renumbered[];
  /** Warnings about an image that was applied anyway: made on another base, or on a layer that is missing. */
  readonly warnings?: readonly string[];
}

/** Whether the image's folder in the view is a mount point. */
export function isMounted({ format, renumbered }: LoadedImage): boolean {
  return format !== undefined || renumbered !== undefined;
}

/** A layer beside the base that was not applied. */
export interface LeftOut {
  readonly layer: string;
  readonly file: string;
  /** Bytes of the file. */
  readonly bytes: number;
  /** Left out by `mkma_layers`; otherwise because of the problem. */
  readonly asked: boolean;
  /** Why it was left out, unless by `mkma_layers`. */
  readonly problem?: Problem;
}

/** Who the machine is in this boot. */
export interface BootIdentity {
  /** Whether the firmware has an id of its own. */
  readonly hardware: boolean;
  /**
   * The machine-id(5): there in the base or a layer, derived from the firmware's id, as the kernel command
   * line says, or made by this boot.
   */
  readonly machineId: 'saved' | 'firmware' | 'parameter' | 'random';
  /** What each boot makes for itself, for people. */
  readonly random: readonly string[];
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
    /** Nodes of other devices that match the name; absent if there were none. */
    readonly others?: readonly string[];
    /** Encrypted and logical volumes that it is on; absent if there are none. */
    readonly opening?: Opening;
    /** `true`: the keys of encrypted volumes are in the user keyring of root. */
    readonly keepKey?: true;
  };
  /**
   * The device and folder of layers, where they are not beside the base. One that was missing at boot has no
   * device and the type `auto`.
   */
  readonly layersStorage?: Pick<BootRecord['storage'], 'asked' | 'device' | 'type' | 'path'>;
  /** What was loaded: the base, then the layers in their order, the lowest first. */
  readonly images: readonly LoadedImage[];
  /** Layers that were not applied, in the order of their names. */
  readonly leftOut: readonly LeftOut[];
  /**
   * Files, relative to the root, that early boot composed of what layers have of them, or shows although a
   * layer hides them; they are in /overlay/composed, above all layers.
   */
  readonly composed?: readonly string[];
  /** Of the session before this boot, if something of it was lost. */
  readonly lastSession?: SessionMark;
  /** Absent in older records. */
  readonly identity?: BootIdentity;
  /** Other warnings, as printed on the console. */
  readonly warnings: readonly string[];
  /** Bytes of the RAM file system. */
  readonly ramBytes: number;
  /** Bytes of it in use at the handover by base, layers and their folders; absent in older records. */
  readonly usedBytes?: number;
  /**
   * Bytes of RAM available before anything was loaded (MemAvailable of proc_meminfo(5)); absent in older
   * records.
   */
  readonly availableBytes?: number;
  /** The phases before the handover, which is not over when this is written. */
  readonly phases: readonly PhaseTime[];
  /** Seconds from the kernel's start to the start of init, and to the handover. */
  readonly started: number;
  readonly handover: number;
}
