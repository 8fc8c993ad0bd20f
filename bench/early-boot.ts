/**
 * Early boot's own code on this machine's kernel: run by the initramfs's QuickJS, with its tools, in a copy of it. What it
 * loads lies in RAM as well: no medium is measured.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BASE_FILES } from '../src/core/contract.js';
import { memoryOfRoot, peakWhile } from './memory.js';
import { output, time } from './programs.js';

/** With as many open files as the kernel lets /init have: QuickJS closes each possible one whenever it starts a program. */
const LOAD = 'ulimit -Sn 1024; exec chroot "$1" qjs -m /mkma/bench.js';
const PLAIN = `mkdir /ram/base && cd /ram/base && zstd -dcq /storage/${BASE_FILES.cpio} | busybox cpio -id 2>/dev/null`;

export interface PeakMemory {
  /** Bytes of the RAM file system once all is loaded. */
  readonly loaded: number;
  /** Most bytes at a time: the RAM file system and the loading programs. */
  readonly peak: number;
  /** Most bytes at a time of the loading programs alone (PSS: shared pages by share). */
  readonly programs: number;
}

export class EarlyBoot {
  private readonly storage: string;
  private readonly ram: string;

  /** `tree` is an unpacked initramfs; `root` the folder to make: a RAM file system with mounts below it stays mounted there. */
  constructor(
    tree: string,
    private readonly root: string,
  ) {
    this.storage = join(root, 'storage');
    this.ram = join(root, 'ram');
    mkdirSync(root);
    output('mount', '-t', 'tmpfs', 'bench', root);
    cpSync(tree, root, { recursive: true, verbatimSymlinks: true });
    for (const folder of [this.storage, this.ram]) mkdirSync(folder);
    cpSync(fileURLToPath(new URL('load.mjs', import.meta.url)), join(root, 'mkma/bench.js'));
    output('mount', '-t', 'proc', 'proc', join(root, 'proc'));
    // Early boot prints on the console: here that is a file.
    for (const name of ['console', 'null']) writeFileSync(join(root, 'dev', name), '');
    output('mount', '--bind', '/dev/null', join(root, 'dev/null'));
  }

  /** Load the base `name` of a folder, with the check of its content or without; resolves to the seconds. */
  load(folder: string, name: string, check = true): Promise<number> {
    const mark = join(this.root, 'mkma/unchecked');
    if (check) rmSync(mark, { force: true });
    else writeFileSync(mark, '');
    return this.with(folder, name, () => this.start());
  }

  /** Load it by the plain pipeline; resolves to the seconds. */
  plain(folder: string): Promise<number> {
    return this.with(folder, BASE_FILES.cpio, () => time('chroot', this.root, 'sh', '-c', PLAIN));
  }

  /** As {@link load}, watching the memory, which takes time itself. */
  watch(folder: string, name: string): Promise<PeakMemory> {
    return this.with(folder, name, async () => {
      let programs = 0;
      const look = (): number => {
        const now = memoryOfRoot(this.root);
        programs = Math.max(programs, now);
        return now + this.used();
      };
      const [, peak] = await peakWhile(look, () => this.start());
      const loaded = this.used();
      return { loaded, programs, peak: Math.max(peak, loaded) };
    });
  }

  private async with<T>(folder: string, name: string, work: () => Promise<T>): Promise<T> {
    output('mount', '-t', 'tmpfs', '-o', 'size=90%', 'bench', this.storage);
    try {
      cpSync(join(folder, name), join(this.storage, name));
      output('mount', '-t', 'tmpfs', '-o', 'size=90%,nr_inodes=4m', 'bench', this.ram);
      return await work();
    } finally {
      output('umount', '--recursive', this.ram);
      output('umount', this.storage);
    }
  }

  private async start(): Promise<number> {
    try {
      return await time('sh', '-c', LOAD, 'sh', this.root);
    } catch (cause) {
      throw new Error(readFileSync(join(this.root, 'dev/console'), 'utf8'), { cause });
    }
  }

  private used(): number {
    const { bsize, blocks, bfree } = statfsSync(this.ram);
    return (blocks - bfree) * bsize;
  }
}
