/** Small media for tests: a set of images that only mkma takes for whole, and looks at what lies on a medium. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newcHead, newcPadding, newcTrailer, S_IFREG } from '../../src/core/archive/cpio.js';
import { renderInitramfsManifest } from '../../src/core/boot/initramfs.js';
import { INITRAMFS, type StorageKind } from '../../src/core/contract.js';
import { BASE, imageFile } from '../unit/core/sample.js';

const MIB = 2 ** 20;
/** Where its ext4 begins, and how much of the medium follows it. */
export const STORAGE = { start: 66 * MIB, after: MIB } as const;

/** Images in a folder: the base is as large as is asked. */
export function smallSet(folder: string, { baseBytes = 3 * MIB, kernel = 'kernel' } = {}): string {
  mkdirSync(folder, { recursive: true });
  const segments = [{ size: baseBytes, bytes: baseBytes, frames: 1, records: 3, sha256: 'cd'.repeat(32) }];
  writeFileSync(join(folder, 'base.cpio.zst'), imageFile({ ...BASE, name: 'box', segments }));
  writeFileSync(join(folder, 'vmlinuz'), kernel.repeat(10_000));
  writeFileSync(join(folder, 'initramfs.cpio.zst'), 'initramfs'.repeat(10_000), { mode: 0o600 });
  writeFileSync(join(folder, 'cmdline'), 'mkma_storage_device=/dev/vda quiet\n');
  return folder;
}

/** Gives the set an initramfs that says that it opens volumes of these kinds. */
export function openingInitramfs(folder: string, storage: readonly StorageKind[] = ['luks']): string {
  const data = Buffer.from(
    renderInitramfsManifest({
      ...{ mkma: '0.1.0', suite: 'trixie', architecture: 'amd64', kernelRelease: '6.12', storage },
    }),
  );
  const head = newcHead(
    {
      ino: 1,
      mode: S_IFREG | 0o644,
      uid: 0,
      gid: 0,
      nlink: 1,
      mtime: 0,
      size: data.length,
      rdevMajor: 0,
      rdevMinor: 0,
    },
    INITRAMFS.manifest,
  );
  const padding = Buffer.alloc(newcPadding(data.length));
  const input = Buffer.concat([head, data, padding, newcTrailer()]);
  writeFileSync(join(folder, 'initramfs.cpio.zst'), execFileSync('zstd', ['-1qc'], { input }));
  return folder;
}

/** A file on the ext4 of a medium, read without its journal by GRUB's own code. */
export function readByGrub(medium: string, path: string): Buffer {
  return execFileSync('grub-fstest', [medium, 'cat', `(loop0,gpt3)${path}`], { maxBuffer: 2 ** 30 });
}

/** Mounts the ext4 of a medium for a moment. */
export function onMedium<T>(medium: string, work: (root: string) => T): T {
  const root = `${medium}.mount`;
  mkdirSync(root, { recursive: true });
  execFileSync('mount', ['-o', `loop,offset=${STORAGE.start}`, medium, root]);
  try {
    return work(root);
  } finally {
    execFileSync('umount', [root]);
  }
}

/** A loop device over a file, for a moment. */
export async function asDevice<T>(file: string, work: (device: string) => Promise<T>): Promise<T> {
  const device = execFileSync('losetup', ['--find', '--show', file], { encoding: 'utf8' }).trim();
  try {
    return await work(device);
  } finally {
    execFileSync('losetup', ['--detach', device]);
  }
}
