/** What a definition must not say of disks though every field by itself is as it should be. Pure. */
import { isBelow, isWithin } from '../../../core/text/path.js';
import {
  type Disk,
  type DiskMount,
  disksOf,
  type Mapping,
  mountOver,
  mountsOf,
  plainPath,
} from '../disks.js';
import { type Fault, fault, type Naming } from '../fault.js';
import type { MachineConfig } from '../machine.js';

/** Every fault of `mounts` and `swap`. */
export function checkDisks(machine: MachineConfig): Fault[] {
  const mounts = mountsOf(machine);
  const disks = disksOf(machine);
  return [
    ...mounts.flatMap((mount) => placeFaults(mount, machine)),
    ...mounts.flatMap((mount) => mountFaults(mount, mounts)),
    ...mounts.flatMap((mount) => hiddenFiles(mount, machine)),
    ...disks.flatMap((disk) => [...keyFaults(disk, machine), ...randomFaults(disk)]),
    ...disks.flatMap((disk, i) => deviceFaults(disk, disks.slice(0, i))),
  ];
}

/** Folders that the running system itself mounts, and those that it is made of: at and below them. */
const SYSTEM = [
  ...['/usr', '/etc', '/bin', '/sbin', '/lib', '/lib32', '/lib64'],
  ...['/proc', '/sys', '/dev', '/run', '/var/run', '/var/lock', '/tmp', '/overlay'],
];
/** Folders with databases of packages: those alone, not what lies below. */
const DATABASES = ['/var', '/var/lib', '/var/lib/dpkg', '/var/lib/systemd'];

/** Where something may be mounted. */
function placeFaults({ field, point }: DiskMount, { ramVolumes, files }: MachineConfig): Fault[] {
  const system = SYSTEM.find((folder) => isWithin(point, folder));
  const next = 'name another place, as /srv/data or /home';
  if (system !== undefined || DATABASES.includes(point)) {
    const why =
      system === undefined ? `${point} holds the records of packages` : `${system} is the system's own`;
    return [
      fault('mount-over-system', field, (named) => `${named(field)}: ${why}, which a disk would hide`, next),
    ];
  }
  if (Object.entries(ramVolumes).some(([path, volume]) => volume !== false && plainPath(path) === point)) {
    const what = (named: Naming) => `${named(field)} is a volume in RAM too (ramVolumes)`;
    return [fault('mount-twice', field, what, 'take one of them out')];
  }
  const file = files[point];
  if (file === undefined || (typeof file === 'object' && ('folder' in file || 'from' in file))) return [];
  return [
    fault(
      'mount-on-file',
      field,
      (named) => `${named(field)} is no folder: files has it too`,
      'take one of them out',
    ),
  ];
}

/** How a mount goes with its own options, and with the others. */
function mountFaults(
  { field, point, type, options, required }: DiskMount,
  all: readonly DiskMount[],
): Fault[] {
  const found: Fault[] = [];
  const first = all.find((other) => other.point === point);
  if (first !== undefined && first.field[1] !== field[1]) {
    const what = (named: Naming) => `${named(field)} and ${named(first.field)} are one mount point`;
    found.push(fault('mount-twice', field, what, 'take one of them out'));
  }
  const own = { swap: 'swap: [{ device: ... }]', tmpfs: 'ramVolumes' }[type];
  if (own !== undefined) {
    const what = (named: Naming) => `${named(field)}: ${type} is no file system on a disk`;
    found.push(fault('not-on-disk', [...field, 'type'], what, `use ${own}`));
  }
  if (required && options.includes('nofail')) {
    const what = (named: Naming) => `${named(field)} is required, and has the option nofail`;
    found.push(fault('required-nofail', [...field, 'options'], what, 'take one of them out'));
  }
  const above = all.find((other) => isBelow(point, other.point) && !other.required);
  if (required && above !== undefined) {
    const what = (named: Naming) =>
      `${named(field)} is required, and lies below ${above.point}, which is not`;
    found.push(
      fault('required-below', [...field, 'required'], what, `set required: true for ${above.point} too`),
    );
  }
  return found;
}

/**
 * Files that the definition puts where the disk hides them; what lies in homes of its users is copied to the
 * disk.
 */
function hiddenFiles({ field, point }: DiskMount, machine: MachineConfig): Fault[] {
  const homes = Object.entries(machine.users).map(([name, { home }]) => homeOf(name, home));
  const lost = Object.keys(machine.files)
    .map(plainPath)
    .find(
      (path) => isBelow(path, point) && !homes.some((home) => isWithin(home, point) && isWithin(path, home)),
    );
  if (lost === undefined) return [];
  const what = (named: Naming) => `${named(field)}: the disk would hide ${lost} of the definition`;
  const next =
    "take one of them out; only what lies in the home of one of the definition's users is copied to a disk";
  return [fault('mount-hides-file', field, what, next)];
}

function homeOf(name: string, home: string | undefined): string {
  return plainPath(home ?? (name === 'root' ? '/root' : `/home/${name}`));
}

/** How it is unlocked. */
function keyFaults({ field, mapping }: Disk, machine: MachineConfig): Fault[] {
  if (mapping === undefined) return [];
  const at = [...field, 'encrypted'];
  const { keyFile, keyDevice, tpm2 } = mapping;
  if (keyDevice !== undefined && keyFile === undefined) {
    const what = (named: Naming) => `${named(at)} has a keyDevice without the keyFile on it`;
    return [fault('key-device-alone', [...at, 'keyDevice'], what, 'name the file: keyFile: "/home.key"')];
  }
  if (tpm2 && keyFile !== undefined) {
    const what = (named: Naming) => `${named(at)} has both a key file and the key in the TPM`;
    return [fault('two-keys', [...at, 'tpm2'], what, 'take one of them out')];
  }
  if (keyFile === undefined || keyDevice !== undefined) return [];
  const over = mountOver(mountsOf(machine), keyFile);
  if (over === undefined || over.mapping?.name !== mapping.name) return [];
  const what = (named: Naming) =>
    `${named([...at, 'keyFile'])}: ${keyFile} lies on the disk that it is to unlock`;
  return [fault('key-on-own-disk', [...at, 'keyFile'], what, 'put the key elsewhere')];
}

/** Names that stay with one partition whatever is written on it. */
const LASTING = /^(PARTUUID=|\/dev\/disk\/by-(id|partuuid)\/)/;

/**
 * Swap with a key of each boot: what is on the partition is destroyed, so that its name must not come from
 * there, nor be another's.
 */
function randomFaults({ field, device, mapping }: Disk): Fault[] {
  if (mapping?.random !== true || LASTING.test(device)) return [];
  const why = /^(UUID|LABEL)=/.test(device)
    ? 'that name is on the partition, and gone with the first boot'
    : 'another partition may have that name at another boot, and would be destroyed';
  const what = (named: Naming) =>
    `${named([...field, 'device'])} is "${device}", and its content is destroyed at each boot: ${why}`;
  const next = 'use PARTUUID= (lsblk --output NAME,PARTUUID) or a name below /dev/disk/by-id/';
  return [fault('random-swap-device', [...field, 'device'], what, next)];
}

/** One device, or one name in /dev/mapper, said twice. */
function deviceFaults(disk: Disk, before: readonly Disk[]): Fault[] {
  const { field, device, point, mapping } = disk;
  const swap = before.find(
    (other) => other.device === device && (other.point === undefined || point === undefined),
  );
  if (swap !== undefined) {
    const what = (named: Naming) => `${named(field)} and ${named(swap.field)} have one device: ${device}`;
    return [fault('device-twice', [...field, 'device'], what, 'take one of them out')];
  }
  const other = before.find((one) => clash(one, disk));
  if (other === undefined || mapping === other.mapping) return [];
  if (other.device === device) {
    const what = (named: Naming) => `${named(field)} and ${named(other.field)} unlock ${device} in two ways`;
    return [fault('device-twice', [...field, 'encrypted'], what, 'give both the same encrypted')];
  }
  const what = (named: Naming) =>
    `${named(field)} and ${named(other.field)} both become /dev/mapper/${(mapping as Mapping).name}`;
  const next = 'give one of them a name of its own: encrypted: { name: ... }';
  return [fault('mapper-name-twice', [...field, 'encrypted'], what, next)];
}

function clash(one: Disk, other: Disk): boolean {
  const [a, b] = [one.mapping, other.mapping];
  if (one.device === other.device) return a !== b;
  return a !== undefined && b !== undefined && a.name === b.name;
}
