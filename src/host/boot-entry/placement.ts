/** Where a booting machine finds a folder: the device's stable name and the path on its file system. */
import { posix } from 'node:path';
import { fitsBootLoader } from '../../core/boot/cmdline.js';
import type { Opening } from '../../core/boot/opening.js';
import { FILES, PARAM } from '../../core/contract.js';
import { ok, type Problem, type Result } from '../../core/result.js';
import { askProgram } from '../sys/answer.js';
import { probeTags } from '../sys/blkid.js';
import { type BlockNode, layersBelow, volumesIn } from './volumes.js';

/** File systems that early boot can mount. */
const BOOTABLE = ['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'vfat', 'exfat', 'ntfs', 'ntfs3', 'iso9660'];
export type Placement =
  | {
      readonly bootable: true;
      readonly device: string;
      readonly path: string;
      /** Volumes that early boot has to open first; absent: none. */
      readonly opening?: Opening;
    }
  | { readonly bootable: false; readonly problem: Problem };

interface Mount {
  readonly source: string;
  readonly target: string;
  readonly fstype: string;
  readonly fsroot: string;
  readonly uuid: string | null;
}

/** Finds where `folder` (absolute, resolved) is. */
export async function locate(folder: string, signal?: AbortSignal): Promise<Result<Placement>> {
  const args = ['--json', '--output', 'SOURCE,TARGET,FSTYPE,FSROOT,UUID', '--nofsroot', '--target', folder];
  // It fails if no mount is visible, as in a chroot.
  const found = await askProgram({ file: 'findmnt', args }, [NOTHING], { signal });
  if (!found.ok) return found;
  const listing = found.value.exitCode === 0 ? found.value.stdout : '{"filesystems":[]}';
  const mount = (JSON.parse(listing) as { filesystems: Mount[] }).filesystems.at(-1);
  if (mount === undefined) return ok(refuse(folder, 'cannot find the mounted file system that holds it'));
  const below = await layersBelow(mount.source, signal);
  if (!below.ok) return ok(refuse(folder, untold(`what ${mount.source} is built on`, below.problem)));
  const uuid = mount.uuid === null ? await probeUuid(mount.source, signal) : ok(mount.uuid);
  if (!uuid.ok) return ok(refuse(folder, untold(`the UUID of ${mount.source}`, uuid.problem)));
  return ok(place(folder, { ...mount, uuid: uuid.value }, below.value));
}

/** Exit code by which findmnt(8) reports that it found nothing. */
const NOTHING = 1;

/** What a program failed to report is unknown, not absent. */
function untold(what: string, { what: failed, why = '' }: Problem): string {
  return `cannot determine ${what}: ${[failed, why].filter((text) => text !== '').join(': ')}`;
}

/** The file system's UUID, read from the device, for hosts without udev. */
export async function probeUuid(source: string, signal?: AbortSignal): Promise<Result<string | null>> {
  if (!source.startsWith('/dev/')) return ok(null);
  const found = await probeTags(source, signal);
  return found.ok ? ok(found.value.UUID ?? null) : found;
}

/** The placement, from what the system reports. Pure. */
export function place(folder: string, mount: Mount, below: BlockNode | undefined): Placement {
  if (!BOOTABLE.includes(mount.fstype))
    return refuse(folder, `early boot does not open ${mount.fstype} (${mount.source})`);
  const volumes = volumesIn(below);
  if (!volumes.ok) return refuse(folder, `${mount.source} ${volumes.why}`);
  const path = posix.join(mount.fsroot, posix.relative(mount.target, folder));
  if (!fitsBootLoader(path))
    return refuse(folder, 'its path contains a quote or backslash, which GRUB cannot pass to a kernel');
  const device = mount.uuid === null || mount.uuid === '' ? mount.source : `UUID=${mount.uuid}`;
  const { luks, lvm } = volumes.opening;
  return {
    ...{ bootable: true, device, path },
    ...(luks.length + lvm.length === 0 ? {} : { opening: volumes.opening }),
  };
}

/** What a user should know about a placement before relying on it; `undefined` if nothing. */
export function doubtOf(placement: Placement): Problem | undefined {
  if (!placement.bootable) return placement.problem;
  if (!placement.device.startsWith('/')) return undefined;
  return {
    code: 'device-by-path',
    what: 'the boot loader entry names the device by its path, which may change',
    where: placement.device,
    why: "its file system's UUID cannot be read here",
    next: 'replace it with UUID=... (as blkid prints it)',
  };
}

function refuse(folder: string, why: string): Placement {
  const images = `the base, ${FILES.initramfs} and ${FILES.kernel}`;
  const next = `copy ${images} to a folder on a plain partition (ext4, xfs, btrfs, vfat ...)
and give its device and path in the boot loader entry: ${PARAM.device}=UUID=... ${PARAM.path}=/...`;
  return {
    bootable: false,
    problem: { code: 'unbootable-place', what: 'a machine cannot boot from here', where: folder, why, next },
  };
}
