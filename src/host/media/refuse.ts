/** Why a disk must not be written, from what is known of it. Pure. */
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { allOf, type BlockDevice, mountsOf } from './block-device.js';
import { SECTOR } from './layout.js';

/** What else uses a disk. */
export interface Uses {
  /** Loop devices whose backing file it is. */
  readonly loops: readonly string[];
  /** Programs that have it open, as `PID NAME`. */
  readonly open: readonly string[];
  /** Whether the kernel refuses to open it exclusively. */
  readonly claimed: boolean;
  /** Whether it cannot be opened for writing. */
  readonly unwritable: boolean;
  /**
   * UUIDs and paths by which this machine, if it is one of mkma's, found the images that it runs from; {@link
   * LVM_MEMBER}: they are in a volume group, on unknown disks.
   */
  readonly bootedFrom: readonly string[];
}

/** Type of a physical volume, as blkid(8) names it. */
export const LVM_MEMBER = 'LVM2_member';

/** Folders of a running system: a disk with one of them is its own. */
const SYSTEM = ['/', '/usr', '/var', '/boot', '/boot/efi', '/efi', '/home'];

/** Refuses a disk of the running system. */
export function requireForeign(device: BlockDevice): Result<void> {
  const own = mountsOf(device).find(({ point }) => SYSTEM.includes(point));
  return own === undefined ? ok() : err({ ...ofSystem(own), where: device.path });
}

/**
 * Whether it may be written at all. `medium`: the UUID of the file system, if it is a medium of mkma's;
 * `update`: only a generation is added to that.
 */
export function mayWrite(
  device: BlockDevice,
  uses: Uses,
  { medium, update }: { readonly medium?: string | undefined; readonly update: boolean },
): Result<void> {
  const uuids = [...allOf(device).map(({ uuid }) => uuid), medium];
  const members = allOf(device).flatMap(({ fstype }) => (fstype === LVM_MEMBER ? [LVM_MEMBER] : []));
  const known = [...allOf(device).map(({ path }) => path), ...uuids, ...members];
  const own = uses.bootedFrom.some((name) => known.includes(name));
  const refused =
    own && !update
      ? BOOTED_FROM
      : (usedBy(device, uses) ?? (update ? undefined : memberOf(device)) ?? unfit(device, uses));
  return refused === undefined ? ok() : err({ ...refused, where: device.path });
}

/** Whether a file that is a medium may be changed. */
export function mayChange(path: string, uses: Uses): Result<void> {
  const used = useLines(uses);
  if (used.length === 0 && !uses.unwritable) return ok();
  return err({
    code: uses.unwritable ? 'target-read-only' : 'target-in-use',
    what: uses.unwritable ? 'this file cannot be written' : 'this file is in use',
    where: path,
    ...(used.length === 0 ? {} : { why: used.join('\n') }),
    next: uses.unwritable ? 'check its mode and its file system' : 'end that use first',
  });
}

function useLines({ loops, open }: Uses): string[] {
  return [
    ...loops.map((loop) => `${loop} is a loop device over it`),
    ...open.map((program) => `process ${program} has it open`),
  ];
}

function usedBy(device: BlockDevice, uses: Uses): Problem | undefined {
  const mounts = mountsOf(device);
  const used = [
    ...mounts.map(({ path, point }) =>
      point === '[SWAP]' ? `${path} is swap` : `${path} is mounted on ${point}`,
    ),
    ...allOf(device)
      .filter(({ type }) => !PLAIN.includes(type))
      .map(({ path, type }) => `${path} (${kindOf(type)}) is built on it`),
    ...useLines(uses),
  ];
  if (used.length === 0 && uses.claimed)
    used.push('the kernel has given it, or a part of it, to another user');
  if (used.length === 0) return undefined;
  return {
    code: 'target-in-use',
    what: 'this disk is in use',
    why: used.join('\n'),
    next: endingOf(device),
  };
}

/** How to end what uses it, such as an encrypted medium that a desktop, or a killed run, left open. */
function endingOf(device: BlockDevice): string {
  const mounted = mountsOf(device).flatMap(({ path, point }) => (point === '[SWAP]' ? [] : [path]));
  const opened = allOf(device).flatMap(({ path, type }) => (type === 'crypt' ? [path] : []));
  const steps = [
    ...(mounted.length > 0 ? [`unmount it: umount ${mounted.join(' ')}`] : []),
    ...(opened.length > 0 ? [`close it: cryptsetup close ${opened.join(' ')}`] : []),
  ];
  return steps.length > 0 ? steps.join('; ') : 'end that use first';
}

/** A part of something that other disks may belong to, active or not: no single disk shows what is on it. */
function memberOf(device: BlockDevice): Problem | undefined {
  const members = allOf(device).flatMap(({ path, fstype }) => {
    const of = membershipOf(fstype ?? '');
    return of === undefined ? [] : [{ path, of }];
  });
  if (members.length === 0) return undefined;
  return {
    code: 'target-in-use',
    what: 'this disk belongs to others',
    why: members.map(({ path, of }) => `${path} is ${of}, which is not active now`).join('\n'),
    next: `if that may be lost, remove its signature first: wipefs --all ${members.map(({ path }) => path).join(' ')}`,
  };
}

/** From the type of a content as blkid(8) names it (util-linux, libblkid/src/superblocks). */
function membershipOf(fstype: string): string | undefined {
  if (fstype === LVM_MEMBER || fstype === 'LVM1_member') return 'a physical volume of LVM';
  if (fstype.endsWith('_raid_member')) return 'a member of a RAID';
  if (fstype === 'zfs_member') return 'a member of a ZFS pool';
  return fstype === 'bcache' ? 'a part of a bcache' : undefined;
}

function unfit(device: BlockDevice, { unwritable }: Uses): Problem | undefined {
  if (device.ro || unwritable) return READ_ONLY;
  return device['log-sec'] === SECTOR ? undefined : sectors(device['log-sec']);
}

const PLAIN = ['disk', 'loop', 'part'];

function kindOf(type: string): string {
  if (type === 'lvm') return 'LVM';
  if (type === 'crypt') return 'device mapper, encrypted';
  return type.startsWith('raid') ? 'RAID' : `device mapper or alike: ${type}`;
}

function ofSystem({ path, point }: { readonly path: string; readonly point: string }): Problem {
  return {
    code: 'target-runs-system',
    what: 'this is a disk of the running system',
    why: `${path} is mounted on ${point}`,
    next: 'name another disk; lsblk lists them',
  };
}

const BOOTED_FROM: Problem = {
  code: 'target-booted-from',
  what: 'this machine booted from this medium',
  why: 'its images and layers are there, and it saves its changes there',
  next: 'a generation can be added to it, without --fresh; to start over, install from another machine',
};

const READ_ONLY: Problem = {
  code: 'target-read-only',
  what: 'this disk is read-only',
  why: 'the device or its switch says so',
  next: 'move its write-protection switch, or use another one',
};

function sectors(bytes: number): Problem {
  return {
    code: 'target-sectors',
    what: 'this disk has sectors that no medium of mkma can have',
    why: `they are ${bytes} bytes large; BIOS and GRUB's first sector require ${SECTOR}`,
    next: 'use another disk, or another adapter for it',
  };
}
