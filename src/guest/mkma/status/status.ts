/** The content of `mkma status`: the record of the boot, and the present state. */
import {
  type BootRecord,
  type BootTimes,
  bootTimes,
  type LeftOut,
  type LoadedImage,
} from '../../../core/boot/record.js';
import { lackOf, type NextBoot, ramOf } from '../../../core/layers/next-boot.js';
import { renderProblem } from '../../../core/result.js';
import { ask } from '../../ran.js';
import type { GuestSystem } from '../../system.js';
import { readNextBoot } from '../next-boot.js';
import { checkView } from '../view.js';
import { type DiskStatus, readDisks } from './disks.js';
import { type IdentityStatus, readIdentity } from './identity.js';
import { type Memory, readMemory } from './memory.js';

export interface Status {
  /** Absent only if a record lacks it. */
  readonly base?: LoadedImage;
  /** Applied layers, the lowest first. */
  readonly layers: readonly LoadedImage[];
  readonly leftOut: readonly LeftOut[];
  /** Files that early boot composed of base and layers, relative to the root. */
  readonly composed: readonly string[];
  /** Who the machine is. */
  readonly identity: IdentityStatus;
  readonly warnings: readonly string[];
  readonly storage: BootRecord['storage'] & {
    /** Where it is mounted now, by somebody else. Empty: it is released. */
    readonly mountedOn: readonly string[];
  };
  /** Disks that the definition mounts. */
  readonly disks: readonly DiskStatus[];
  readonly times: BootTimes;
  readonly memory: Memory;
  /** Whether /overlay is mounted, as it is unless somebody unmounted it. */
  readonly viewed: boolean;
  /** RAM for images, in bytes. */
  readonly nextBoot: {
    readonly bytes: number;
    /** Size of the RAM file system, assumed to be that of this boot. */
    readonly of: number;
    readonly fits: boolean;
    readonly images: NextBoot;
  };
}

export function readStatus(machine: GuestSystem, record: BootRecord): Status {
  const { images, leftOut, composed = [], warnings, storage } = record;
  const view = checkView(machine, record);
  const base = images.find((image) => image.kind === 'base');
  return {
    ...(base === undefined ? {} : { base }),
    layers: images.filter((image) => image.kind === 'layer'),
    leftOut,
    composed,
    identity: readIdentity(machine, record),
    warnings: view.ok ? warnings : [...warnings, renderProblem(view.problem).join('; ')],
    storage: { ...storage, mountedOn: mountPoints(machine, storage.device) },
    disks: readDisks(machine),
    times: bootTimes(record),
    memory: readMemory(machine, view.ok),
    viewed: view.ok,
    nextBoot: nextBootNeeds(machine, record),
  };
}

function nextBootNeeds(machine: GuestSystem, record: BootRecord): Status['nextBoot'] {
  const images = readNextBoot(machine, record);
  const bytes = ramOf(images);
  return { bytes, of: record.ramBytes, fits: lackOf(images, record) === undefined, images };
}

/** Where a device is mounted; findmnt(8) knows it by all its names, and exits with 1 if it is not. */
function mountPoints(machine: GuestSystem, device: string): string[] {
  const argv = ['findmnt', '--noheadings', '--list', '--output', 'TARGET', '--source', device];
  const found = ask(machine, argv, [1]);
  return found.stdout.split('\n').filter((line) => line !== '');
}
