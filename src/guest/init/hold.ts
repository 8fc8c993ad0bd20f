/** Loads a base that is a file system: copied whole into RAM, verified there, and mounted. */
import type { ImageInfo } from '../../core/image/image.js';
import { isErofs } from '../../core/image/manifest.js';
import { damaged } from '../../core/image/problems.js';
import { err, ok, type Result } from '../../core/result.js';
import { must, mustMakeFolder } from '../must.js';
import type { GuestSystem } from '../system.js';
import { copyIntoRam } from './copy.js';
import { BASE, HELD } from './folders.js';
import type { ImageFile } from './images.js';
import { programFailed } from './remedies.js';
import type { Undo } from './undo.js';

/** The file in RAM. */
const FILE = `${HELD}/base.erofs`;

/** The result of loading such a base. */
export interface Held {
  /** Seconds taken by verifying its content; absent if it has no checksum. */
  readonly checked?: number;
}

/**
 * Copies the file system into RAM and mounts it on {@link BASE}, which is created. Its memory is freed once
 * that is unmounted. It is in a ramfs, which the kernel can mount it from directly (Linux 6.12); from a tmpfs
 * it cannot, and a loop device slows down all reads (docs/decisions/0011-erofs-held-in-ramfs.md).
 */
export function holdFileSystem(
  machine: GuestSystem,
  image: ImageFile,
  info: ImageInfo,
  undo: Undo,
): Result<Held> {
  const { fileSystem, manifest } = info;
  if (fileSystem === undefined) throw new Error(`${image.shown} is not a file system`);
  mustMakeFolder(machine, HELD);
  must(machine, ['mount', '-t', 'ramfs', '-o', 'mode=0700', 'mkma', HELD]);
  try {
    const copied = copyIntoRam(machine, image, FILE, fileSystem);
    if (!copied.ok) return copied;
    const start = machine.uptime();
    const expected = manifest !== undefined && isErofs(manifest) ? manifest.erofs.xxh64 : undefined;
    const sound = expected === undefined ? ok() : check(machine, image, expected);
    if (!sound.ok) return sound;
    const checked = machine.uptime() - start;
    const mounted = mountFile(machine, image);
    if (!mounted.ok) return mounted;
    undo.push(['umount', BASE]);
    return ok(expected === undefined ? {} : { checked });
  } finally {
    // The mounted file system, if any, keeps the file.
    must(machine, ['umount', '-l', HELD]);
  }
}

/** Compares the copy in RAM with the manifest's checksum. */
function check(machine: GuestSystem, image: ImageFile, expected: string): Result<void> {
  const done = machine.run(['xxhsum', '-q', '-H64', FILE]);
  if (done.code !== 0) return err(programFailed('cannot check the base', image, 'xxhsum', done));
  const found = done.stdout.slice(0, expected.length);
  if (found === expected) return ok();
  const why = `its XXH64 is ${found}, its manifest says ${expected}`;
  return err(damaged(why, { where: image.shown }));
}

function mountFile(machine: GuestSystem, image: ImageFile): Result<void> {
  mustMakeFolder(machine, BASE);
  const options = ['-t', 'erofs', '-o', 'ro,nosuid,nodev'];
  // busybox's mount would use a loop device; only kernels without such mounts need one.
  const plain = machine.run(['/usr/lib/klibc/bin/mount', ...options, FILE, BASE], { mayLack: true });
  if (plain.code === 0) return ok();
  const looped = machine.run(['mount', ...options, FILE, BASE]);
  if (looped.code === 0) return ok();
  return err({
    code: 'base-not-mounted',
    what: 'cannot mount the base',
    where: image.shown,
    why: `${looped.stderr.trim()}\n${machine.run(['sh', '-c', 'dmesg | tail -n 3'], { mayLack: true }).stdout.trimEnd()}`,
    next: 'the kernel must support EROFS (CONFIG_EROFS_FS) and its compression: use the kernel of its suite, or build with --format cpio',
  });
}
