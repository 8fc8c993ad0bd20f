/** The files of a build that a virtual machine boots from. */

import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { FILES } from '../../core/contract.js';
import type { ImageInfo } from '../../core/image/image.js';
import { unreadable } from '../../core/image/problems.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { findWhole } from '../set/whole.js';
import type { Accelerator } from '../tools/qemu.js';
import { defaultMemoryMiB } from './memory.js';

/** The files, and what the base's end contains. */
export interface BuiltImages extends ImageInfo {
  readonly kernel: string;
  readonly initrd: string;
  /** The kernel command line for the real machine. */
  readonly cmdline: string;
  readonly base: string;
  /** RAM that fits this base. */
  readonly memoryMiB: number;
  /** Warnings about other files in the folder. */
  readonly warnings: readonly Problem[];
}

/**
 * Finds the images in a build's output folder. A Problem names the first that is missing or cannot be read.
 */
export function findImages(output: string): Result<BuiltImages> {
  for (const name of [FILES.kernel, FILES.initramfs, FILES.cmdline]) {
    const file = join(output, name);
    try {
      accessSync(file, constants.R_OK);
    } catch (cause) {
      return err(notOpened(file, (cause as NodeJS.ErrnoException).code));
    }
  }
  const found = findWhole(output);
  if (!found.ok) return found;
  const { path: base, info, warnings } = found.value;
  return ok({
    kernel: join(output, FILES.kernel),
    initrd: join(output, FILES.initramfs),
    cmdline: readFileSync(join(output, FILES.cmdline), 'utf8'),
    base,
    ...info,
    memoryMiB: defaultMemoryMiB({
      compressed: statSync(base).size,
      unpacked: info.manifest?.unpackedBytes ?? info.fileSystem,
    }),
    warnings,
  });
}

/**
 * Default number of virtual processors. With KVM two boot faster than one, more hardly help. Emulated, all
 * share one thread: more than one only wait for each other.
 */
export function defaultCpus(accel: Accelerator): number {
  return accel === 'tcg' ? 1 : Math.min(2, availableParallelism());
}

function notOpened(file: string, code: string | undefined): Problem {
  if (code === 'EACCES') return unreadable(file, 'permission denied', 'run as its owner');
  return {
    code: 'image-missing',
    what: 'no image to boot',
    where: file,
    why: code === 'ENOENT' ? 'no such file' : `cannot open it: ${code}`,
    next: 'build it: mkma build; or name the folder with --output',
  };
}
