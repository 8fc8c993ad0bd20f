/** What the phases of a boot pass on to each other. */
import type { SessionMark } from '../../core/auto/session.js';
import type { InitramfsManifest } from '../../core/boot/initramfs.js';
import type { BootIdentity, LeftOut, LoadedImage, PhaseTime, StepTime } from '../../core/boot/record.js';
import type { DerivedMark } from '../../core/derived/mark.js';
import type { ImageInfo } from '../../core/image/image.js';
import type { GuestSystem } from '../system.js';
import type { LayerChoice } from './choose-layers.js';
import type { ComposedLayers } from './compose-loaded.js';
import type { FoundBase } from './images.js';
import type { LayersPlace } from './layers-storage.js';
import type { Drivers } from './modules.js';
import type { Settings } from './settings.js';
import type { Storage } from './storage.js';
import type { Undo } from './undo.js';

/** State of the boot, passed from phase to phase. */
export interface Boot {
  readonly machine: GuestSystem;
  readonly settings: Settings;
  readonly undo: Undo;
  readonly drivers: Drivers;
  readonly started: number;
  readonly phases: PhaseTime[];
  /** Of the phase that runs. */
  readonly steps: StepTime[];
  /** Whether the storage device was looked for among all devices, not only virtual ones. */
  amongAll?: boolean;
  /** Manifest of the initramfs. */
  initramfs?: InitramfsManifest;
  /** Commands that close what was opened to reach the storage. */
  closing?: readonly (readonly string[])[];
  storage?: Storage;
  layersPlace?: LayersPlace;
  /** Nodes of other devices that match the name of the storage device. */
  others?: readonly string[];
  base?: FoundBase;
  /** Manifest and format of the base. */
  info?: ImageInfo;
  choice?: LayerChoice;
  /** Images in RAM: the base, then the layers. */
  readonly images: LoadedImage[];
  readonly leftOut: LeftOut[];
  /** What was composed of several layers. */
  composed?: ComposedLayers;
  /** Of the session before, if something of it was lost. */
  lastSession?: SessionMark | undefined;
  identity?: BootIdentity;
  /** Why files that are made from others may be wrong. */
  derived?: DerivedMark | undefined;
  /** Of the overlay itself. */
  stackWarnings?: readonly string[];
  ramBytes?: number;
  availableBytes?: number;
}

/** A value that an earlier phase has set; otherwise a bug. */
export function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a phase ran without the one before it');
  return value;
}
