/** Why a disk must not be written, from what is known of it. Pure. */
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { SECTOR } from './layout.js';
import { allOf, type BlockDevice } from './target.js';

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
  /** UUIDs and paths by which this machine, if it is one of mkma's, found the images that it runs from. */
  readonly bootedFrom: readonly string[];
}

/** Folders of a running system: a disk with one of them is its own. */
const SYSTEM = ['/', '/usr', '/var', '/boot', '/boot/efi', '/efi', '/home'];

/** Whether it may be written at all. `update`: only a generation is added to what is a medium already. */
export function mayWrite(device: BlockDevice, uses: Uses, update: boolean): Result<void> {
  const refused = refusal(device, uses, update);
  return refused === undefined ? ok() : err({ ...refused, where: device.path });
}

function refusal(device: BlockDevice, uses: Uses, update: boolean): Problem | undefined {
  const all = allOf(device);
  const points = all.flatMap(({ path, mountpoints }) =>
    mountpoints.flatMap((point) => (point === null ? [] : [{ path, point }])),
  );
  const own = points.find(({ point }) => SYSTEM.includes(point));
  if (own !== undefined) return ofSystem(own);
  if (!update && isBootedFrom(all, uses)) return BOOTED_FROM;
  const used = [
    ...points.map(({ path, point }) =>
      point === '[SWAP]' ? `${path} is swap` : `${path} is mounted on ${point}`,
    ),
    ...all
      .filter(({ type }) => !PLAIN.includes(type))
      .map(({ path, type }) => `${path} (${kindOf(type)}) is built on it`),
    ...uses.loops.map((loop) => `${loop} is a loop device over it`),
    ...uses.open.map((program) => `process ${program} has it open`),
  ];
  if (used.length === 0 && uses.claimed)
    used.push('the kernel has given it, or a part of it, to another user');
  if (used.length > 0) return inUse(device, used);
  if (device.ro || uses.unwritable) return READ_ONLY;
  return device['log-sec'] === SECTOR ? undefined : sectors(device['log-sec']);
}

const PLAIN = ['disk', 'loop', 'part'];

function kindOf(type: string): string {
  if (type === 'lvm') return 'LVM';
  if (type === 'crypt') return 'device mapper, encrypted';
  return type.startsWith('raid') ? 'RAID' : `device mapper or alike: ${type}`;
}

function isBootedFrom(all: readonly BlockDevice[], { bootedFrom }: Uses): boolean {
  return all.some(
    ({ uuid, path }) => bootedFrom.includes(path) || (uuid !== null && bootedFrom.includes(uuid)),
  );
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

function inUse(device: BlockDevice, used: readonly string[]): Problem {
  const mounted = allOf(device).some(({ mountpoints }) =>
    mountpoints.some((point) => point !== null && point !== '[SWAP]'),
  );
  return {
    code: 'target-in-use',
    what: 'this disk is in use',
    why: used.join('\n'),
    next: mounted
      ? `unmount it: umount ${allOf(device)
          .filter(({ mountpoints }) => mountpoints.some((p) => p !== null))
          .map(({ path }) => path)
          .join(' ')}`
      : 'end that use first',
  };
}

function sectors(bytes: number): Problem {
  return {
    code: 'target-sectors',
    what: 'this disk has sectors that no medium of mkma can have',
    why: `they are ${bytes} bytes large; BIOS and GRUB's first sector require ${SECTOR}`,
    next: 'use another disk, or another adapter for it',
  };
}
