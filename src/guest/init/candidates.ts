/**
 * Chooses a file system if the name of the storage device matches several: a stick and its copy, a label used
 * twice.
 */

import { driverOf } from '../../core/boot/device.js';
import { PARAM } from '../../core/contract.js';
import { sortByName } from '../../core/text/path.js';
import { must } from '../must.js';
import { type BlockDevice, describeDevice } from '../storage/blkid.js';
import type { GuestSystem } from '../system.js';
import { isMember } from './btrfs.js';
import { STORAGE } from './folders.js';
import { findBase } from './images.js';
import { say } from './say.js';
import type { Settings } from './settings.js';
import { mountableType, mountOptions } from './storage.js';

/** The devices of one file system: more than one only for btrfs. */
type FileSystem = readonly [BlockDevice, ...BlockDevice[]];

export interface Choice {
  /** The devices of the file system to mount. */
  readonly devices: readonly BlockDevice[];
  /** Nodes of the other devices that the name matches. */
  readonly others: readonly string[];
}

/**
 * Chooses the file system to mount among all devices that match the name: the first that contains the base,
 * else the first. If there is a choice, the console lists all of them and the one used.
 */
export function chooseFileSystem(
  machine: GuestSystem,
  settings: Settings,
  found: readonly BlockDevice[],
): Choice {
  const all = fileSystems(machine, found);
  if (all.length < 2) return { devices: all.flat(), others: [] };
  const bases = new Map(all.map((devices) => [devices, baseOn(machine, devices, settings.path)]));
  const withBase = all.filter((devices) => bases.get(devices) !== undefined);
  const taken = (withBase[0] ?? all[0]) as FileSystem;
  say(machine, `${PARAM.device}=${settings.device?.asked} matches ${all.length} file systems:`);
  for (const devices of all) {
    const base = bases.get(devices);
    const content = base === undefined ? `without a base in ${settings.path || '/'}` : `with ${base}`;
    for (const device of devices) say(machine, `  ${describeDevice(device)}, ${content}`);
  }
  const why = ['the first, since none contains the base', 'the only one that contains the base'][
    withBase.length
  ];
  say(machine, `using ${taken[0].node}: ${why ?? 'the first that contains a base'}`);
  if (withBase.length !== 1) {
    say(
      machine,
      `  to use another, set ${PARAM.device} to a name that only it has: PARTUUID=, UUID=, a path`,
    );
  }
  const others = all.flat().filter((device) => !taken.includes(device));
  return { devices: taken, others: others.map((device) => device.node) };
}

/**
 * The devices by file system, in the order of their names, since blkid's own order is arbitrary. Those of a
 * btrfs on several devices share their UUID.
 */
function fileSystems(machine: GuestSystem, found: readonly BlockDevice[]): FileSystem[] {
  const groups = new Map<string, [BlockDevice, ...BlockDevice[]]>();
  for (const device of sortByName([...found], ({ node }) => node)) {
    const { UUID } = device.tags;
    const key = UUID !== undefined && isMember(machine, device) ? `btrfs ${UUID}` : device.node;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [device]);
    else group.push(device);
  }
  return [...groups.values()];
}

/**
 * The path of the base there, for people. No journal is replayed, since the device may be somebody else's.
 */
function baseOn(machine: GuestSystem, devices: FileSystem, path: string): string | undefined {
  const type = mountableType(devices[0]);
  const options = type === undefined ? undefined : mountOptions(type, devices, true)[0];
  if (type === undefined || options === undefined) return undefined;
  const mount = machine.run([
    'mount',
    '-t',
    driverOf(type),
    '-o',
    options.join(','),
    devices[0].node,
    STORAGE,
  ]);
  if (mount.code !== 0) return undefined;
  const base = findBase(machine, path);
  must(machine, ['umount', STORAGE]);
  return base.ok ? base.value.shown : undefined;
}
