/**
 * Loading a base into a tmpfs against the plain pipeline, on this machine's kernel. Both run the tools of the initramfs, in
 * a copy of it: ours is early boot's own code under its QuickJS.
 */
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BASE_FILES, FILES } from '../src/core/contract.js';
import { compare, type Pair } from './pairs.js';
import { output, time } from './programs.js';

/** Share of the plain pipeline's time that loading may take on two processors: of an archive, of a file system, of one unseen. */
const GOALS = { cpio: 0.5, erofs: 0.2, unchecked: 0.12 };
/** Milliseconds between two looks at the memory. */
const INTERVAL = 5;

const PLAIN = `mkdir /ram/base && cd /ram/base && zstd -dcq /storage/${BASE_FILES.cpio} | busybox cpio -id 2>/dev/null`;
/** With as many open files as the kernel lets /init have: QuickJS closes each possible one whenever it starts a program. */
const LOAD = 'ulimit -Sn 1024; exec chroot "$1" qjs -m /mkma/bench.js';

export interface Loading {
  readonly time: Pair;
  readonly memory: PeakMemory;
  /** A base that is a file system, against the same pipeline. */
  readonly held: Pair;
  /** The same without the check of its content. */
  readonly unchecked: Pair;
}

export interface PeakMemory {
  /** Bytes of the RAM file system once all is loaded. */
  readonly loaded: number;
  /** Most bytes at a time: the RAM file system and the loading programs. */
  readonly peak: number;
  /** Most bytes at a time of the loading programs alone (PSS: shared pages by share). */
  readonly programs: number;
}

/**
 * Load in turns. `images` and `held` are folders with the two forms of a base; `root` is the folder to make: a RAM file
 * system with mounts below it stays mounted there.
 */
export async function benchLoading(
  images: string,
  held: string,
  root: string,
  runs: number,
): Promise<Loading> {
  mkdirSync(root);
  output('mount', '-t', 'tmpfs', 'bench', root);
  cpSync(join(images, FILES.initramfsTree), root, { recursive: true, verbatimSymlinks: true });
  for (const folder of ['storage', 'ram']) mkdirSync(join(root, folder));
  cpSync(fileURLToPath(new URL('load.mjs', import.meta.url)), join(root, 'mkma/bench.js'));
  const storage = join(root, 'storage');
  // Both lie in RAM: no medium is measured.
  const onStorage = async <T>(folder: string, name: string, work: () => Promise<T>): Promise<T> => {
    output('mount', '-t', 'tmpfs', '-o', 'size=90%', 'bench', storage);
    cpSync(join(folder, name), join(storage, name));
    try {
      return await work();
    } finally {
      output('umount', storage);
    }
  };
  output('mount', '-t', 'proc', 'proc', join(root, 'proc'));
  // Early boot prints on the console: here that is a file.
  for (const name of ['console', 'null']) writeFileSync(join(root, 'dev', name), '');
  output('mount', '--bind', '/dev/null', join(root, 'dev/null'));
  const ram = join(root, 'ram');
  const onFreshRam = async <T>(work: () => Promise<T>): Promise<T> => {
    output('mount', '-t', 'tmpfs', '-o', 'size=90%,nr_inodes=4m', 'bench', ram);
    try {
      return await work();
    } finally {
      output('umount', '--recursive', ram);
    }
  };
  const load = async (): Promise<number> => {
    try {
      return await time('sh', '-c', LOAD, 'sh', root);
    } catch (cause) {
      throw new Error(readFileSync(join(root, 'dev/console'), 'utf8'), { cause });
    }
  };
  const pipeline = () => time('chroot', root, 'sh', '-c', PLAIN);
  const contest = async (what: string, goal: number, name: string, folder: string, base: string) =>
    compare(
      {
        what,
        goal,
        ours: { name, run: () => onStorage(folder, base, () => onFreshRam(load)) },
        theirs: {
          name: 'zstd -dc | busybox cpio -id',
          run: () => onStorage(images, BASE_FILES.cpio, () => onFreshRam(pipeline)),
        },
      },
      runs,
    );
  const { cpio, erofs } = BASE_FILES;
  const words = "mkma: early boot's own code, every checksum verified";
  const pair = await contest('loading an archive', GOALS.cpio, words, images, cpio);
  const memory = await onStorage(images, cpio, () => onFreshRam(() => watchMemory(root, ram, load)));
  const checked = await contest('loading EROFS', GOALS.erofs, words, held, erofs);
  writeFileSync(join(root, 'mkma/unchecked'), '');
  const bare = "mkma: early boot's own code, the content not checked";
  const unchecked = await contest('loading EROFS', GOALS.unchecked, bare, held, erofs);
  return { time: pair, memory, held: checked, unchecked };
}

async function watchMemory(root: string, ram: string, load: () => Promise<number>): Promise<PeakMemory> {
  let peak = 0;
  let programs = 0;
  const look = (): void => {
    const now = memoryOfPrograms(root);
    programs = Math.max(programs, now);
    peak = Math.max(peak, now + usedBytes(ram));
  };
  const timer = setInterval(look, INTERVAL);
  try {
    await load();
  } finally {
    clearInterval(timer);
  }
  const loaded = usedBytes(ram);
  return { loaded, programs, peak: Math.max(peak, loaded) };
}

function usedBytes(folder: string): number {
  const { bsize, blocks, bfree } = statfsSync(folder);
  return (blocks - bfree) * bsize;
}

/** Memory of all processes whose root is that folder or lies in it. */
function memoryOfPrograms(root: string): number {
  let bytes = 0;
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      if (!readlinkSync(`/proc/${pid}/root`).startsWith(root)) continue;
      const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
      bytes += Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1024;
    } catch {
      // It has ended meanwhile.
    }
  }
  return bytes;
}
