/** What was measured on, and with. */
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { FILES } from '../src/core/contract.js';
import { output } from './programs.js';

export interface BenchHost {
  readonly processors: number;
  readonly processor: string;
  readonly memory: number;
  readonly kernel: string;
  /** Versions by program: this host's, and those in the initramfs. */
  readonly host: Readonly<Record<string, string>>;
  readonly initramfs: Readonly<Record<string, string>>;
}

/** Describe this machine and the tools of the images. */
export function describeHost(images: string): BenchHost {
  const inside = (...argv: string[]) => output('chroot', join(images, FILES.initramfsTree), ...argv);
  return {
    processors: availableParallelism(),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    memory: totalmem(),
    kernel: release(),
    host: {
      node: process.versions.node,
      zstd: version(output('zstd', '--version')),
      cpio: version(output('cpio', '--version')),
      find: version(output('find', '--version')),
    },
    initramfs: {
      zstd: version(inside('zstd', '--version')),
      cpio: version(inside('cpio', '--version')),
      busybox: version(inside('busybox', 'sh', '-c', 'busybox | head -n 1')),
    },
  };
}

/** The first thing in a text that looks like a version. */
function version(text: string): string {
  return /\d+(\.\d+)+/.exec(text)?.[0] ?? 'unknown';
}
