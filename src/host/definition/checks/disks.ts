/** Checks of disks: mount points, keys and devices that contradict each other. Pure. */
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

/** Every error in `mounts` and `swap`. */
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

/** Folders of the system itself: no mount at or below them. */
const SYSTEM = [
  ...['/usr', '/etc', '/bin', '/sbin', '/lib', '/lib32', '/lib64'],
  ...['/proc', '/sys', '/dev', '/run', '/var/run', '/var/lock', '/tmp', '/overlay'],
];
/** Folders with databases of packages: no mount at them, but below. */
const DATABASES = ['/var', '/var/lib', '/var/lib/dpkg', '/var/lib/systemd'];

/** Whether something may be mounted there. */
function placeFaults({ field, point }: DiskMount, { ramVolumes, files }: MachineConfig): Fault[] {
  const system = SYSTEM.find((folder) => isWithin(point, folder));
  const next = 'use another mount point, such as /srv/data or /home';
  if (system !== undefined || DATABASES.includes(point)) {
    const why =
      system === undefined
        ? `${point}, which contains the package database`
        : `${system}, which belongs to the system`;
    return [fault('mount-over-system', field, (named) => `${named(field)}: a disk would hide ${why}`, next)];
  }
  if (Object.entries(ramVolumes).some(([path, volume]) => volume !== false && plainPath(path) === point)) {
    const what = (named: Naming) => `${named(field)} is also a volume in ramVolumes`;
    return [fault('mount-twice', field, what, 'remove one of them')];
  }
  const file = files[point];
  if (file === undefined || (typeof file === 'object' && ('folder' in file || 'from' in file))) return [];
  return [
    fault(
      'mount-on-file',
      field,
      (named) => `${named(field)} is not a folder: files places something else there`,
      'remove one of them',
    ),
  ];
}

/** Whether a mount fits its own options and the other mounts. */
function mountFaults(
  { field, point, type, options, required }: DiskMount,
  all: readonly DiskMount[],
): Fault[] {
  const found: Fault[] = [];
  const first = all.find((other) => other.point === point);
  if (first !== undefined && first.field[1] !== field[1]) {
    const what = (named: Naming) => `${named(field)} and ${named(first.field)} are the same mount point`;
    found.push(fault('mount-twice', field, what, 'remove one of them'));
  }
  const own = { swap: 'swap: [{ device: ... }]', tmpfs: 'ramVolumes' }[type];
  if (own !== undefined) {
    const what = (named: Naming) => `${named(field)}: ${type} is not a file system on a disk`;
    found.push(fault('not-on-disk', [...field, 'type'], what, `use ${own}`));
  }
  if (required && options.includes('nofail')) {
    const what = (named: Naming) => `${named(field)} is required but has the option nofail`;
    found.push(fault('required-nofail', [...field, 'options'], what, 'remove one of them'));
  }
  const above = all.find((other) => isBelow(point, other.point) && !other.required);
  if (required && above !== undefined) {
    const what = (named: Naming) => `${named(field)} is required but below ${above.point}, which is not`;
    found.push(
      fault('required-below', [...field, 'required'], what, `also set required: true for ${above.point}`),
    );
  }
  return found;
}

/**
 * Files of the definition that the disk would hide; those in homes of its users are copied to the disk.
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
  const next = "remove one of them; only files in homes of the definition's users are copied to a disk";
  return [fault('mount-hides-file', field, what, next)];
}

function homeOf(name: string, home: string | undefined): string {
  return plainPath(home ?? (name === 'root' ? '/root' : `/home/${name}`));
}

/** Whether a disk can be unlocked. */
function keyFaults({ field, mapping }: Disk, machine: MachineConfig): Fault[] {
  if (mapping === undefined) return [];
  const at = [...field, 'encrypted'];
  const { keyFile, keyDevice, tpm2 } = mapping;
  if (keyDevice !== undefined && keyFile === undefined) {
    const what = (named: Naming) => `${named(at)} has a keyDevice but no keyFile`;
    return [fault('key-device-alone', [...at, 'keyDevice'], what, 'name the file: keyFile: "/home.key"')];
  }
  if (tpm2 && keyFile !== undefined) {
    const what = (named: Naming) => `${named(at)} has both a key file and a key in the TPM`;
    return [fault('two-keys', [...at, 'tpm2'], what, 'remove one of them')];
  }
  if (keyFile === undefined || keyDevice !== undefined) return [];
  const over = mountOver(mountsOf(machine), keyFile);
  if (over === undefined || over.mapping?.name !== mapping.name) return [];
  const what = (named: Naming) => `${named([...at, 'keyFile'])}: ${keyFile} is on the disk that it unlocks`;
  return [fault('key-on-own-disk', [...at, 'keyFile'], what, 'put the key elsewhere')];
}

/** Names that stay with one partition, whatever is written to it. */
const LASTING = /^(PARTUUID=|\/dev\/disk\/by-(id|partuuid)\/)/;

/**
 * Swap with a new key at each boot destroys what is on the partition: its name must not be stored there, nor
 * ever belong to another partition.
 */
function randomFaults({ field, device, mapping }: Disk): Fault[] {
  if (mapping?.random !== true || LASTING.test(device)) return [];
  const why = /^(UUID|LABEL)=/.test(device)
    ? 'the name is stored on the partition, so the first boot destroys it'
    : 'at another boot, another partition may have this name and would be destroyed';
  const what = (named: Naming) =>
    `${named([...field, 'device'])} is "${device}", whose contents are destroyed at each boot: ${why}`;
  const next = 'use PARTUUID= (lsblk --output NAME,PARTUUID) or a name below /dev/disk/by-id/';
  return [fault('random-swap-device', [...field, 'device'], what, next)];
}

/** Two entries with one device, or one name in /dev/mapper. */
function deviceFaults(disk: Disk, before: readonly Disk[]): Fault[] {
  const { field, device, point, mapping } = disk;
  const swap = before.find(
    (other) => other.device === device && (other.point === undefined || point === undefined),
  );
  if (swap !== undefined) {
    const what = (named: Naming) => `${named(field)} and ${named(swap.field)} use the same device: ${device}`;
    return [fault('device-twice', [...field, 'device'], what, 'remove one of them')];
  }
  const other = before.find((one) => clash(one, disk));
  if (other === undefined || mapping === other.mapping) return [];
  if (other.device === device) {
    const what = (named: Naming) =>
      `${named(field)} and ${named(other.field)} unlock ${device} in different ways`;
    return [fault('device-twice', [...field, 'encrypted'], what, 'give both the same value of encrypted')];
  }
  const what = (named: Naming) =>
    `${named(field)} and ${named(other.field)} are both /dev/mapper/${(mapping as Mapping).name}`;
  const next = 'rename one of them: encrypted: { name: ... }';
  return [fault('mapper-name-twice', [...field, 'encrypted'], what, next)];
}

function clash(one: Disk, other: Disk): boolean {
  const [a, b] = [one.mapping, other.mapping];
  if (one.device === other.device) return a !== b;
  return a !== undefined && b !== undefined && a.name === b.name;
}
