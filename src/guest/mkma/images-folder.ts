/** The images folder on the storage that this boot came from, mounted for one piece of work. */

import { driverOf, parseDeviceName } from '../../core/boot/device.js';
import type { BootRecord } from '../../core/boot/record.js';
import { PARAM } from '../../core/contract.js';
import { identityMark } from '../../core/image/manifest.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { readStored, type StoredImages } from '../../core/set/stored.js';
import { quoteName } from '../../core/text/path.js';
import { hardwareOf } from '../hardware.js';
import { readerOf } from '../images.js';
import { mustMakeFolder } from '../must.js';
import { ask } from '../ran.js';
import { placeInside } from '../resolve.js';
import type { RunningSystem } from '../system.js';
import { layerSelection } from './next-boot.js';
import { openForImages } from './open-storage.js';

/**
 * Its mount point: in a mount namespace of the program's own (mkma.sh), so that nothing holds it afterwards.
 */
const STORAGE = '/run/mkma/storage';
/** Where the file system with the base is, if layers are on another device. */
const BESIDE = '/run/mkma/base-storage';

/** A device and a folder on it. */
type Place = Pick<BootRecord['storage'], 'asked' | 'device' | 'type' | 'path'>;

/**
 * Opens and mounts the storage, does the work in the folder with layers, and unmounts and closes it, whatever
 * the result. With `write` it is writable. Layers are beside the base, or on a device of their own.
 */
export function withImages<T>(
  machine: RunningSystem,
  record: BootRecord,
  mode: 'read' | 'write',
  work: (folder: string) => Result<T>,
): Result<T> {
  const { storage, layersStorage } = record;
  if (layersStorage !== undefined) return withLayers(machine, record, layersStorage, mode, work);
  return withStorage(machine, record, mode, (root) => {
    const folder = placeInside(machine, root, storage.path);
    if (machine.info(folder)?.kind !== 'directory') return err(noFolder(record));
    return work(folder);
  });
}

/** On a device of layers, whose folder is made with the first one; the base may be gone, as a CD may be. */
function withLayers<T>(
  machine: RunningSystem,
  record: BootRecord,
  place: Place,
  mode: 'read' | 'write',
  work: (folder: string) => Result<T>,
): Result<T> {
  const inFolder = (root: string): Result<T> => {
    const folder = placeInside(machine, root, place.path);
    if (mode === 'write') machine.run(['mkdir', '-p', '--', folder]);
    return work(folder);
  };
  const onLayers = (): Result<T> => withMounted(machine, place, STORAGE, mode, inFolder);
  const base = findDevice(machine, record.storage);
  const beside = base.ok ? mount(machine, record.storage, base.value, BESIDE, 'read') : base;
  if (!beside.ok) return onLayers();
  try {
    return onLayers();
  } finally {
    release(machine, BESIDE);
  }
}

/** Like {@link withImages}, with the file system's own root. */
export function withStorage<T>(
  machine: RunningSystem,
  record: BootRecord,
  mode: 'read' | 'write',
  work: (root: string) => Result<T>,
): Result<T> {
  const opened = openForImages(machine, record);
  if (!opened.ok) return opened;
  try {
    return withMounted(machine, record.storage, STORAGE, mode, work);
  } finally {
    opened.value();
  }
}

function withMounted<T>(
  machine: RunningSystem,
  place: Place,
  point: string,
  mode: 'read' | 'write',
  work: (root: string) => Result<T>,
): Result<T> {
  const device = findDevice(machine, place);
  if (!device.ok) return device;
  const mounted = mount(machine, place, device.value, point, mode);
  if (!mounted.ok) return mounted;
  try {
    return work(point);
  } finally {
    release(machine, point);
  }
}

function release(machine: RunningSystem, point: string): void {
  if (machine.run(['umount', point]).code !== 0) machine.run(['umount', '--lazy', point]);
}

/** The images in their folder. */
export function openImages(machine: RunningSystem, record: BootRecord, folder: string): Result<StoredImages> {
  const ownFolder = record.layersStorage !== undefined;
  const names = ownFolder && machine.info(folder) === undefined ? [] : machine.list(folder);
  if (names === undefined) {
    return err({
      code: 'storage-unreadable',
      what: 'cannot read the storage device',
      why: 'cannot list the images folder',
      next: 'check that it is still attached, and see dmesg',
    });
  }
  const stored = {
    ...readStored(readerOf(machine, folder, names)),
    ...(ownFolder ? baseBeside(machine, record) : {}),
  };
  const marked = stored.layers.some(({ manifest }) => identityMark(manifest) !== undefined);
  return ok({
    ...stored,
    selection: layerSelection(machine),
    ...(marked ? { hardware: hardwareOf(machine) } : {}),
  });
}

/** The base, on another device than the layers; nothing if that is gone. */
function baseBeside(machine: RunningSystem, { storage }: BootRecord): Pick<StoredImages, 'base'> {
  const folder = placeInside(machine, BESIDE, storage.path);
  const names = machine.list(folder);
  const { base } = readStored(readerOf(machine, folder, names ?? []));
  return base === undefined ? {} : { base: { ...base, folder } };
}

/** A problem unless the program runs as root. */
export function needRoot(machine: RunningSystem, purpose: string): Result<void> {
  // Real and effective user (proc_pid_status(5)).
  if (/^Uid:\t\d+\t0\t/m.test(machine.readText('/proc/self/status') ?? '')) return ok();
  return err({
    code: 'needs-root',
    what: `only root can ${purpose}`,
    why: 'this mounts the storage and reads files of all users',
    next: 'run it as root: sudo mkma ...',
  });
}

/** The device by its name at boot, or wherever it is now. */
function findDevice(machine: RunningSystem, { asked, device }: Place): Result<string> {
  const name = parseDeviceName(asked);
  const there = machine.info(device)?.kind === 'block';
  if (name === undefined || name.by === 'path') {
    const node = name?.path ?? device;
    return machine.info(node)?.kind === 'block' ? ok(node) : err(gone(asked));
  }
  const tag = `${name.tag}=${name.value}`;
  const match = ['blkid', '--cache-file', '/dev/null', '--match-token', tag, device];
  if (there && ask(machine, match, [NO_DEVICE.blkid]).code === 0) return ok(device);
  const found = ask(machine, ['findfs', tag], [NO_DEVICE.findfs]);
  return found.code === 0 ? ok(found.stdout.trim()) : err(gone(asked));
}

/** Exit codes for "not found" (blkid(8), findfs(8)). */
const NO_DEVICE = { blkid: 2, findfs: 1 } as const;

function gone(asked: string): Problem {
  return {
    code: 'storage-gone',
    what: 'the storage device is missing',
    where: quoteName(asked),
    why: 'this machine has no such device',
    next: 'attach the medium this machine was booted from, and retry',
  };
}

function noFolder({ storage }: BootRecord): Problem {
  return {
    code: 'images-folder-missing',
    what: 'the images folder is not on the storage device',
    where: `${quoteName(storage.path)} on ${quoteName(storage.asked)}`,
    next: 'attach the medium this machine was booted from, and retry',
  };
}

function mount(
  machine: RunningSystem,
  { type }: Place,
  device: string,
  point: string,
  mode: 'read' | 'write',
): Result<void> {
  mustMakeFolder(machine, point, 0o700);
  const options = ['nosuid', 'nodev', 'noexec'];
  if (type === 'vfat') options.push('utf8=1');
  // Paths start at the top level, whatever the default subvolume is.
  if (type === 'btrfs') options.push('subvolid=5');
  const access = mode === 'read' ? '--read-only' : '--rw';
  const kind = ['--types', driverOf(type), '--options', options.join(',')];
  const done = machine.run(['mount', access, ...kind, device, point]);
  if (done.code === 0) return ok();
  const elsewhere = mountsOf(machine, device);
  // A device mounted for writing elsewhere cannot be mounted read-only as well (mount(2), EBUSY); this one
  // mount can be.
  if (mode === 'read' && /\srw[,\s]/.test(`${elsewhere} `)) {
    const beside = machine.run(['mount', '--rw', ...kind, device, point]);
    if (beside.code === 0 && machine.run(['mount', '-o', 'remount,bind,ro', point]).code === 0) return ok();
  }
  return err(cannotMount(device, type, mode, { words: done.stderr.trim(), elsewhere }));
}

/** Where else a device is mounted, and how. */
function mountsOf(machine: RunningSystem, device: string): string {
  const list = ['findmnt', '--noheadings', '--list', '--output', 'TARGET,OPTIONS', '--source', device];
  return machine.run(list, { mayLack: true }).stdout.trim();
}

/** File systems that are never written. */
const READ_ONLY = ['iso9660', 'udf', 'squashfs', 'erofs'];

function cannotMount(
  device: string,
  type: string,
  mode: 'read' | 'write',
  { words, elsewhere }: { readonly words: string; readonly elsewhere: string },
): Problem {
  const next =
    mode === 'write' && READ_ONLY.includes(type)
      ? `have layers on another device: boot with ${PARAM.layersDevice}=UUID=... (see mkma export iso)`
      : elsewhere !== ''
        ? `unmount ${elsewhere.split(/\s+/)[0]}${mode === 'write' ? ', or mount it for writing' : ''}`
        : 'see dmesg; if the medium is write-protected, unlock it; check its file system (fsck)';
  return {
    code: mode === 'read' ? 'storage-not-mounted' : 'storage-not-writable',
    what: mode === 'read' ? 'cannot mount the storage device' : 'cannot mount the storage device for writing',
    where: `${device} (${type})`,
    why: [words, ...(elsewhere === '' ? [] : [`already mounted: ${elsewhere}`])].join('\n'),
    next,
  };
}
