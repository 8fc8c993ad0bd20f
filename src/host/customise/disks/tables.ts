/** Disks in fstab(5) and crypttab(5). Pure. */
import { isBelow } from '../../../core/text/path.js';
import { type Disk, disksOf, type Mapping, mappingsOf, mountOver, mountsOf } from '../../definition/disks.js';
import type { MachineConfig } from '../../definition/machine.js';
import { deviceNode } from '../../tools/unit-name.js';

export type Disks = Pick<MachineConfig, 'mounts' | 'swap'>;

/**
 * Seconds from systemd's start until a disk counts as absent, at the latest: the unit that waits (files.ts)
 * counts from when udev has seen all disks, which takes more than a minute without KVM.
 */
const DEVICE_SECONDS = 180;
/** Seconds to wait for a passphrase if the boot can continue without: nobody may be present. */
const PASSPHRASE_SECONDS = 90;

/** The unit that creates homes on disks (files.ts). */
export const HOMES_UNIT = 'mkma-homes.service';

/** Lines of fstab(5). `homes`: mount points on which homes are created, and folders that are homes. */
export function fstabLines(machine: Disks, homes: readonly Home[]): string[] {
  return disksOf(machine).map((disk) => {
    const spec = disk.mapping === undefined ? disk.device : unlockedNode(disk.mapping);
    const { point, type } = disk;
    // The device exists once it is unlocked, and unlocking has a limit of its own.
    const said =
      disk.mapping === undefined ? disk.options : disk.options.filter((one) => !isDeviceTimeout(one));
    const options = joined([...said, ...addedOptions(disk, homes)]);
    return `${escaped(spec)} ${escaped(point ?? 'none')} ${type} ${options} 0 ${fsckPass(disk)}\n`;
  });
}

/** A home of a user of the definition that is on a disk. */
export interface Home {
  readonly user: string;
  readonly path: string;
  /** The mount that holds it. */
  readonly point: string;
}

/** Homes on disks. `homes`: those of each user of the definition. */
export function homesOnDisks(machine: Disks, homes: ReadonlyMap<string, string>): Home[] {
  const mounts = mountsOf(machine);
  return [...homes].flatMap(([user, path]) => {
    const over = mountOver(mounts, path);
    return over === undefined ? [] : [{ user, path, point: over.point }];
  });
}

/**
 * Options of systemd.mount(5) that let a boot continue without the disk, and that set the required order.
 */
function addedOptions({ options, point, mapping, required }: Disk, homes: readonly Home[]): string[] {
  const inHome = point !== undefined && belowHome(point, homes) ? [`x-systemd.after=${HOMES_UNIT}`] : [];
  if (required) return inHome;
  return [
    ...unsaid(options, [
      'nofail',
      ...(mapping === undefined ? [`x-systemd.device-timeout=${DEVICE_SECONDS}s`] : []),
    ]),
    ...(mapping === undefined ? [] : ['x-systemd.device-timeout=infinity']),
    ...(point === undefined ? [] : untilMounted(options)),
    ...inHome,
  ];
}

/** With nofail alone, logins would not wait for the mount (systemd.mount(5)) and would see an empty home. */
function untilMounted(options: readonly string[]): string[] {
  const later = ['noauto', '_netdev', 'x-systemd.automount'].some((option) => options.includes(option));
  return later ? [] : ['x-systemd.before=local-fs.target'];
}

/** Whether something is mounted inside a home on a disk: the home has to be created first. */
function belowHome(path: string, homes: readonly Home[]): boolean {
  const inside = homes.some((home) => isBelow(path, home.path));
  return inside && !homes.some(({ point }) => point === path);
}

/**
 * Options of a RAM volume on a disk that may be absent: systemd would require the disk's mount for it.
 */
export function optionsOnDisk(path: string, machine: Disks, homes: readonly Home[]): string[] {
  const over = mountOver(mountsOf(machine), path);
  if (over === undefined) return [];
  return [
    ...(over.required ? [] : ['nofail', 'x-systemd.before=local-fs.target']),
    ...(belowHome(path, homes) ? [`x-systemd.after=${HOMES_UNIT}`] : []),
  ];
}

/** Those whose name is not set already. */
function unsaid(said: readonly string[], added: readonly string[]): string[] {
  const names = new Set(said.map(nameOf));
  return added.filter((option) => !names.has(nameOf(option)));
}

function isDeviceTimeout(option: string): boolean {
  return nameOf(option) === 'x-systemd.device-timeout';
}

function nameOf(option: string): string {
  return option.split('=', 1)[0] as string;
}

function joined(options: readonly string[]): string {
  return options.length === 0 ? 'defaults' : options.join(',');
}

/**
 * File systems that are checked before they are mounted, as Debian's installer does: others check themselves,
 * or cannot be checked.
 */
const CHECKED = ['auto', 'ext2', 'ext3', 'ext4', 'vfat', 'exfat', 'f2fs', 'jfs'];

/** The order of fsck(8): after the root, or not at all. */
function fsckPass({ type }: Disk): 0 | 2 {
  return CHECKED.includes(type) ? 2 : 0;
}

/** Lines of crypttab(5). */
export function crypttabLines(machine: Disks): string[] {
  const disks = disksOf(machine);
  return mappingsOf(disks).map((mapping) => {
    const users = disks.filter((disk) => disk.mapping === mapping);
    const required = users.some((disk) => disk.required);
    const { name, device } = mapping;
    // How long to wait for the disk is an option of the mount, encrypted or not.
    const waits = users.flatMap((disk) => disk.options.filter(isDeviceTimeout)).slice(0, 1);
    const options = [...mapping.options, ...unsaid(mapping.options, waits)];
    const own = [...options, ...unsaid(options, [...kindOf(mapping), ...(required ? [] : bounded(mapping))])];
    return `${name} ${specOf(device)} ${keyOf(mapping)} ${own.join(',')}\n`;
  });
}

/** Fields of crypttab(5) have no escapes: a tag with spaces is written as udev's link. */
function specOf(device: string): string {
  return /[\s\\]/.test(device) ? deviceNode(device) : device;
}

function keyOf({ random, keyFile, keyDevice }: Mapping): string {
  if (random) return '/dev/urandom';
  if (keyFile === undefined) return 'none';
  return keyDevice === undefined ? keyFile : `${keyFile}:${specOf(keyDevice)}`;
}

/**
 * Plain dm-crypt with AES-256 in XTS, whose two keys have 512 bits (crypttab(5)); or LUKS, whose header
 * has the parameters.
 */
function kindOf({ random, keyDevice, tpm2 }: Mapping): string[] {
  if (random) return ['swap', 'cipher=aes-xts-plain64', 'size=512'];
  return [
    'luks',
    ...(tpm2 ? ['tpm2-device=auto'] : []),
    ...(keyDevice === undefined ? [] : [`keyfile-timeout=${DEVICE_SECONDS}s`]),
  ];
}

function bounded({ random }: Mapping): string[] {
  const passphrase = random ? [] : [`timeout=${PASSPHRASE_SECONDS}s`];
  return ['nofail', `x-systemd.device-timeout=${DEVICE_SECONDS}s`, ...passphrase];
}

/** The device that a mapping becomes. */
export function unlockedNode({ name }: Mapping): string {
  return `/dev/mapper/${name}`;
}

/**
 * Paths of devices without which a boot soon continues: those of disks that are neither required nor have a
 * limit of their own, and of those that hold keys for them.
 */
export function optionalNodes(machine: Disks): string[] {
  const disks = disksOf(machine);
  const nodes = (of: readonly Disk[]): Set<string> => new Set(of.map(({ device }) => deviceNode(device)));
  const fixed = disks.filter(({ required, options }) => required || options.some(isDeviceTimeout));
  const optional = disks.filter((disk) => !fixed.includes(disk));
  const keys = optional.flatMap(({ mapping }) => mapping?.keyDevice ?? []).map(deviceNode);
  const kept = nodes(fixed);
  return [...new Set([...nodes(optional), ...keys])].filter((node) => !kept.has(node));
}

/** A field of fstab(5). */
export function escaped(text: string): string {
  return text.replace(/[\\ \t\n]/g, (one) => `\\${one.charCodeAt(0).toString(8).padStart(3, '0')}`);
}
