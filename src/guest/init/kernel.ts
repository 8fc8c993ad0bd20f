/** Checks of the running kernel. */

import { type InitramfsManifest, parseInitramfsManifest } from '../../core/boot/initramfs.js';
import { INITRAMFS } from '../../core/contract.js';
import { err, ok, type Result } from '../../core/result.js';
import type { GuestSystem } from '../system.js';
import type { ImageFile } from './images.js';

/** `uname -r` of the running kernel. */
function kernelRelease(machine: GuestSystem): string {
  return (machine.readText('/proc/sys/kernel/osrelease') ?? '').trim();
}

/** The initramfs has modules for one kernel: another would be without drivers. Returns its manifest. */
export function checkInitramfs(machine: GuestSystem): Result<InitramfsManifest> {
  const manifest = parseInitramfsManifest(machine.readText(`/${INITRAMFS.manifest}`) ?? '');
  if (!manifest.ok) return manifest;
  const built = manifest.value.kernelRelease;
  const running = kernelRelease(machine);
  if (built === running) return manifest;
  return err({
    code: 'kernel-and-initramfs',
    what: 'the kernel and the initramfs do not match',
    why: `running kernel: ${running}; the initramfs has modules for: ${built}`,
    next: 'make the boot loader load vmlinuz and initramfs.cpio.zst of the same build',
  });
}

/** The base has modules for `releases`: the running kernel must be among them. */
export function checkBase(machine: GuestSystem, base: ImageFile, releases: readonly string[]): Result<void> {
  const running = kernelRelease(machine);
  if (releases.includes(running)) return ok();
  return err({
    code: 'kernel-and-base',
    what: 'the kernel and the base do not match',
    where: base.shown,
    why: `running kernel: ${running}; the base has modules for: ${releases.join(', ')}`,
    next: 'make the boot loader load vmlinuz and initramfs.cpio.zst of the build that made this base',
  });
}
