/** btrfs on several devices: which belong together, and whether all of them are present. */
import { PARAM } from '../../core/contract.js';
import type { Problem } from '../../core/result.js';
import { type BlockDevice, describeDevice } from '../storage/blkid.js';
import type { GuestSystem } from '../system.js';

/**
 * Position of the superblock, and fields in it (struct btrfs_super_block, include/uapi/linux/btrfs_tree.h in
 * the kernel).
 */
const SUPERBLOCK = {
  at: 0x10000,
  length: 0x100,
  magic: '_BHRfS_M',
  magicAt: 0x40,
  devicesAt: 0x88,
  idAt: 0xc9,
};

/**
 * Whether a device may be one of several of a btrfs. One that is the whole of it shares its UUID only with
 * copies.
 */
export function isMember(machine: GuestSystem, device: BlockDevice): boolean {
  return device.tags.TYPE === 'btrfs' && deviceCount(machine, device) !== 1;
}

/** The devices, each member of a btrfs followed by the others of the same file system. */
export function withMembers(
  machine: GuestSystem,
  all: readonly BlockDevice[],
  found: readonly BlockDevice[],
): BlockDevice[] {
  const out = new Set<BlockDevice>();
  for (const device of found) {
    out.add(device);
    if (!isMember(machine, device)) continue;
    for (const other of all) if (sameBtrfs(device, other)) out.add(other);
  }
  return [...out];
}

function sameBtrfs(a: BlockDevice, b: BlockDevice): boolean {
  const { TYPE, UUID } = a.tags;
  return TYPE === 'btrfs' && UUID !== undefined && b.tags.TYPE === TYPE && b.tags.UUID === UUID;
}

/** The devices without those of an incomplete btrfs, which cannot be mounted. */
export function completeOnly(machine: GuestSystem, found: readonly BlockDevice[]): BlockDevice[] {
  return found.filter((device) => {
    const expected = deviceCount(machine, device);
    return expected === undefined || found.filter((other) => sameBtrfs(device, other)).length >= expected;
  });
}

/** The problem of an incomplete btrfs: which devices are present, and how many are missing. */
export function membersMissing(
  machine: GuestSystem,
  found: readonly BlockDevice[],
  timeout: number,
  asked: string,
): Problem {
  const expected = deviceCount(machine, found[0] as BlockDevice) ?? found.length;
  return {
    code: 'btrfs-devices-missing',
    what: `${expected - found.length} of the ${expected} devices of this btrfs file system did not appear`,
    where: `${PARAM.device}=${asked}`,
    why: [
      `waited ${timeout} seconds. Present, by btrfs device id:`,
      ...found.map((device) => `devid ${deviceId(machine, device) ?? '?'}: ${describeDevice(device)}`),
    ].join('\n'),
    next: `attach the missing devices, or raise ${PARAM.timeout}; to replace a lost one, see btrfs-replace(8), from another system`,
  };
}

/** The number of devices in the superblock; `undefined` if the device is not a btrfs. */
function deviceCount(machine: GuestSystem, device: BlockDevice): number | undefined {
  return superblockField(machine, device, SUPERBLOCK.devicesAt);
}

/** The device's id in its file system. */
function deviceId(machine: GuestSystem, device: BlockDevice): number | undefined {
  return superblockField(machine, device, SUPERBLOCK.idAt);
}

function superblockField(machine: GuestSystem, device: BlockDevice, at: number): number | undefined {
  if (device.tags.TYPE !== 'btrfs') return undefined;
  const block = machine.readAt(device.node, SUPERBLOCK.at, SUPERBLOCK.length);
  if (block === undefined || block.length < SUPERBLOCK.length) return undefined;
  const magic = String.fromCharCode(...block.subarray(SUPERBLOCK.magicAt, SUPERBLOCK.magicAt + 8));
  if (magic !== SUPERBLOCK.magic) return undefined;
  return Number(new DataView(block.buffer, block.byteOffset).getBigUint64(at, true));
}
