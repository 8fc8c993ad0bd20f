/** Loads an image that is a file system: copied whole into RAM, verified there, and mounted. */
import { isErofs } from '../../core/image/manifest.js';
import { damaged } from '../../core/image/problems.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { must, mustMakeFolder } from '../must.js';
import type { GuestSystem } from '../system.js';
import { copyIntoRam } from './copy.js';
import { HELD } from './folders.js';
import type { ImageFile } from './images.js';
import type { ImageContent } from './ram.js';
import { programFailed } from './remedies.js';
import type { Undo } from './undo.js';

/** The file in RAM. */
const FILE = `${HELD}/image.erofs`;

/** Where a file system is mounted, and what it is for people. */
export interface Holding {
  /** Its folder, which is created. */
  readonly folder: string;
  readonly kind: 'base' | 'layer';
  /** Checks the copy in RAM before it is mounted, beside its checksum. */
  readonly check?: (file: string) => Result<void>;
}

/** The result of loading such an image. */
export interface Held {
  /** Seconds taken by verifying its content; absent if it has no checksum. */
  readonly checked?: number;
}

/**
 * Copies the file system into RAM and mounts it. Its memory is freed once that is unmounted. It is in a ramfs
 * of its own, which the kernel can mount it from directly (Linux 6.12); from a tmpfs it cannot, and a loop
 * device slows down all reads (docs/decisions/0011-erofs-held-in-ramfs.md).
 */
export function holdFileSystem(
  machine: GuestSystem,
  image: ImageFile,
  { fileSystem, manifest }: ImageContent,
  { folder, kind, check }: Holding,
  undo: Undo,
): Result<Held> {
  if (fileSystem === undefined) throw new Error(`${image.shown} is not a file system`);
  mustMakeFolder(machine, HELD);
  must(machine, ['mount', '-t', 'ramfs', '-o', 'mode=0700', 'mkma', HELD]);
  try {
    const copied = copyIntoRam(machine, image, kind, FILE, fileSystem);
    if (!copied.ok) return copied;
    const start = machine.uptime();
    const expected = manifest !== undefined && isErofs(manifest) ? manifest.erofs.xxh64 : undefined;
    const sound = expected === undefined ? ok() : checkSum(machine, image, kind, expected);
    if (!sound.ok) return sound;
    const checked = machine.uptime() - start;
    const allowed = check === undefined ? ok() : check(FILE);
    if (!allowed.ok) return allowed;
    const mounted = mountFile(machine, image, folder, kind);
    if (!mounted.ok) return mounted;
    undo.push(['umount', folder]);
    return ok(expected === undefined ? {} : { checked });
  } finally {
    // The mounted file system, if any, keeps the file. A failure costs RAM, not the boot.
    machine.run(['umount', '-l', HELD]);
  }
}

/** Compares the copy in RAM with the manifest's checksum. */
function checkSum(
  machine: GuestSystem,
  image: ImageFile,
  kind: Holding['kind'],
  expected: string,
): Result<void> {
  const done = machine.run(['xxhsum', '-q', '-H64', FILE]);
  if (done.code !== 0) return err(programFailed(`cannot check the ${kind}`, image, 'xxhsum', done));
  const found = done.stdout.slice(0, expected.length);
  if (found === expected) return ok();
  const why = `its XXH64 is ${found}, its manifest says ${expected}`;
  return err(damaged(why, { where: image.shown }));
}

function mountFile(
  machine: GuestSystem,
  image: ImageFile,
  folder: string,
  kind: Holding['kind'],
): Result<void> {
  mustMakeFolder(machine, folder);
  const options = ['-t', 'erofs', '-o', 'ro,nosuid,nodev'];
  // busybox's mount would use a loop device; only kernels without such mounts need one.
  const plain = machine.run(['/usr/lib/klibc/bin/mount', ...options, FILE, folder], { mayLack: true });
  if (plain.code === 0) return ok();
  const looped = machine.run(['mount', ...options, FILE, folder]);
  if (looped.code === 0) return ok();
  const last = machine.run(['sh', '-c', 'dmesg | tail -n 3'], { mayLack: true }).stdout.trimEnd();
  return err({ ...NOT_MOUNTED[kind], where: image.shown, why: `${looped.stderr.trim()}\n${last}` });
}

const NEEDED = 'the kernel must support EROFS (CONFIG_EROFS_FS) and its compression';
const NOT_MOUNTED: Readonly<Record<Holding['kind'], Problem>> = {
  base: {
    code: 'base-not-mounted',
    what: 'cannot mount the base',
    next: `${NEEDED}: use the kernel of its suite, or build with --format cpio`,
  },
  layer: {
    code: 'layer-not-mounted',
    what: 'cannot mount the layer',
    next: `${NEEDED}: boot with the kernel it was saved under, and save it there with mkma persist --format cpio`,
  },
};
