/** The content of `mkma status`: the record of the boot, and the present state. */
import type { SessionMark } from '../../../core/auto/session.js';
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
import type { GuestSystem, RunningSystem } from '../../system.js';
import { type DiskStatus, readDisks } from '../disks.js';
import { readNextBoot } from '../next-boot.js';
import { checkView } from '../view.js';
import { type AutoStatus, readAutoStatus } from './auto.js';
import { type IdentityStatus, readIdentity } from './identity.js';
import { type Memory, readMemory } from './memory.js';
import { readUpdates, type Updates } from './updates.js';

export interface Status {
  /** Absent only if a record lacks it. */
  readonly base?: LoadedImage;
  /** Seconds since it was built, by the clock; absent if unknown. */
  readonly baseAge?: number;
  /** Updates that wait; absent if there are no lists of packages. */
  readonly updates?: Updates;
  /** Applied layers, the lowest first. */
  readonly layers: readonly LoadedImage[];
  readonly leftOut: readonly LeftOut[];
  /** Files that early boot composed of base and layers, relative to the root. */
  readonly composed: readonly string[];
  /** Who the machine is. */
  readonly identity: IdentityStatus;
  readonly warnings: readonly string[];
  /** Of the session before this boot, if something of it was lost. */
  readonly lastSession?: SessionMark;
  readonly storage: BootRecord['storage'] & {
    /** Where it is mounted now, by somebody else. Empty: it is released. */
    readonly mountedOn: readonly string[];
  };
  /** The device of layers, if it is not that of the base. */
  readonly layersStorage?: NonNullable<BootRecord['layersStorage']>;
  /** Disks that the definition mounts. */
  readonly disks: readonly DiskStatus[];
  readonly times: BootTimes;
  readonly memory: Memory;
  /** Saving by itself. */
  readonly auto: AutoStatus;
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

export function readStatus(machine: RunningSystem, record: BootRecord): Status {
  const { images, leftOut, composed = [], warnings, storage } = record;
  const view = checkView(machine, record);
  const base = images.find((image) => image.kind === 'base');
  const updates = readUpdates(machine);
  return {
    ...(base === undefined ? {} : { base }),
    ...ageOf(machine, base),
    ...(updates === undefined ? {} : { updates }),
    layers: images.filter((image) => image.kind === 'layer'),
    leftOut,
    composed,
    identity: readIdentity(machine, record),
    warnings: view.ok ? warnings : [...warnings, renderProblem(view.problem).join('; ')],
    storage: { ...storage, mountedOn: mountPoints(machine, storage.device) },
    ...(record.layersStorage === undefined ? {} : { layersStorage: record.layersStorage }),
    disks: readDisks(machine),
    times: bootTimes(record),
    memory: readMemory(machine, view.ok),
    auto: readAutoStatus(machine),
    ...(record.lastSession === undefined ? {} : { lastSession: record.lastSession }),
    viewed: view.ok,
    nextBoot: nextBootNeeds(machine, record),
  };
}

/** Nothing if a clock was wrong, then or now. */
function ageOf(machine: RunningSystem, base: LoadedImage | undefined): Pick<Status, 'baseAge'> {
  const age = (machine.now() - Date.parse(base?.created ?? '')) / 1000;
  return age >= 0 ? { baseAge: Math.round(age) } : {};
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
