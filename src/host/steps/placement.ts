/** Where a folder lies, as a booting machine has to find it: the device's stable name and the path on its file system. */
import { posix } from 'node:path';
import { type KernelParameter, renderCmdline } from '../../core/cmdline.js';
import { DEFAULTS, FILES, PARAM } from '../../core/contract.js';
import { ok, type Problem, type Result } from '../../core/result.js';
import { run, runAny } from '../sys/run.js';

/** File systems that early boot can mount. */
export const BOOTABLE = ['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'vfat', 'exfat', 'ntfs', 'ntfs3', 'iso9660'];
/** What a device must not be built upon: early boot opens none of these (lsblk's types). */
const LAYERED = ['crypt', 'lvm', 'raid0', 'raid1', 'raid4', 'raid5', 'raid6', 'raid10', 'mpath', 'loop'];

export type Placement =
  | { readonly bootable: true; readonly device: string; readonly path: string }
  | { readonly bootable: false; readonly problem: Problem };

interface Mount {
  readonly source: string;
  readonly target: string;
  readonly fstype: string;
  readonly fsroot: string;
  readonly uuid: string | null;
}

/** Find out where `folder` (absolute, resolved) lies. */
export async function locate(folder: string, signal?: AbortSignal): Promise<Result<Placement>> {
  const args = ['--json', '--output', 'SOURCE,TARGET,FSTYPE,FSROOT,UUID', '--nofsroot', '--target', folder];
  const found = await runAny({ file: 'findmnt', args }, { signal });
  if (!found.ok) return found;
  // It fails where no mount is visible, as in a chroot.
  const listing = found.value.exitCode === 0 ? found.value.stdout : '{"filesystems":[]}';
  const mount = (JSON.parse(listing) as { filesystems: Mount[] }).filesystems.at(-1);
  if (mount === undefined) return ok(refuse(folder, 'no mounted file system is seen that holds it'));
  const layers = await layersBelow(mount.source, signal);
  return ok(place(folder, { ...mount, uuid: mount.uuid ?? (await probeUuid(mount.source, signal)) }, layers));
}

/** The file system's UUID by reading the device, for hosts where no udev keeps it. */
async function probeUuid(source: string, signal?: AbortSignal): Promise<string | null> {
  if (!source.startsWith('/dev/')) return null;
  const probe = { file: 'blkid', args: ['--probe', '--match-tag', 'UUID', '--output', 'value', source] };
  const found = await run(probe, { signal });
  return found.ok ? found.value.stdout.trim() || null : null;
}

/** Types of the block devices that a device is built upon, itself included; none where it is no block device. */
async function layersBelow(source: string, signal?: AbortSignal): Promise<string[]> {
  if (!source.startsWith('/dev/')) return [];
  const listing = await run({ file: 'lsblk', args: ['-snro', 'TYPE', source] }, { signal });
  return listing.ok ? listing.value.stdout.split('\n').filter(Boolean) : [];
}

/** The placement out of what the system tells. Pure. */
export function place(folder: string, mount: Mount, layers: readonly string[]): Placement {
  if (!BOOTABLE.includes(mount.fstype))
    return refuse(folder, `early boot does not open ${mount.fstype} (${mount.source})`);
  const layer = layers.find((type) => LAYERED.includes(type));
  if (layer !== undefined)
    return refuse(folder, `${mount.source} is built on ${layer}, which early boot does not open`);
  const path = posix.join(mount.fsroot, posix.relative(mount.target, folder));
  if (/["'\\]/.test(path))
    return refuse(folder, 'its path has a quote or backslash, which GRUB cannot hand to a kernel');
  const device = mount.uuid === null || mount.uuid === '' ? mount.source : `UUID=${mount.uuid}`;
  return { bootable: true, device, path };
}

function refuse(folder: string, why: string): Placement {
  const images = [FILES.base, FILES.initramfs, FILES.kernel].join(', ');
  const next = `copy ${images} to a folder on a plain partition (ext4, xfs, btrfs, vfat ...)
and give its device and path in the boot loader entry: ${PARAM.device}=UUID=... ${PARAM.path}=/...`;
  return { bootable: false, problem: { what: 'a machine cannot boot from here', where: folder, why, next } };
}

function bootParameters(placement: Placement): KernelParameter[] {
  if (!placement.bootable) return [];
  const { device, path } = placement;
  const where = { name: PARAM.path, value: path };
  return [{ name: PARAM.device, value: device }, ...(path === DEFAULTS.path ? [] : [where])];
}

/** The kernel command line that boots the images from a placement. */
export function bootCmdline(placement: Placement): string {
  return renderCmdline(bootParameters(placement));
}

/**
 * The boot loader entry for a placement, in GRUB's language (GRUB manual, "Shell-like scripting"), ready to paste.
 * `microcode`: the images have some; the kernel takes it from the first of the files alone.
 */
export function bootEntry(placement: Placement, name: string, microcode = false): string[] {
  if (!placement.bootable) return [];
  const { device, path } = placement;
  const parameters = bootParameters(placement).map(({ name: key, value }) => `${key}=${value}`);
  const initrds = microcode ? [FILES.microcode, FILES.initramfs] : [FILES.initramfs];
  const words = (list: string[]): string => list.map(grubWord).join(' ');
  return [
    `menuentry '${name} (mkma, in RAM)' {`,
    ...(device.startsWith('UUID=') ? [`    search --no-floppy --fs-uuid --set=root ${device.slice(5)}`] : []),
    `    linux ${words([posix.join(path, FILES.kernel), ...parameters])}`,
    `    initrd ${words(initrds.map((file) => posix.join(path, file)))}`,
    '}',
  ];
}

/** One word for GRUB. There is no quote in it: {@link place} refuses them. */
function grubWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`;
}
