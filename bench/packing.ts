/** Packing chroot/ against the plain pipeline, and beside what other tools make of it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BASE_FILES, FILES } from '../src/core/contract.js';
import { memoryOfTree, peakWhile } from './memory.js';
import type { PackedOnce } from './pack-once.js';
import { compare, type Pair, type Series } from './pairs.js';
import { output, splitTimes, TIMES, time } from './programs.js';

/** Share of the plain pipeline's time that packing may take. */
const GOAL = 0.6;

const PLAIN =
  'cd "$1" && find . -print0 | cpio --null --create --format=newc --quiet | zstd -q -T0 -3 > "$2"';

/** Other ways to a file of the tree /mnt, as shell commands that write /tmp/out: with the suite's tools, in a root that has them. */
const OTHERS: Readonly<Record<string, string>> = {
  'bsdtar --format=newc | zstd -T0 -3': 'cd /mnt && bsdtar --format=newc -cf - . | zstd -q -T0 -3 > /tmp/out',
  'mksquashfs -comp zstd -Xcompression-level 3':
    'mksquashfs /mnt /tmp/out -quiet -no-progress -noappend -comp zstd -Xcompression-level 3 >/dev/null',
  'mksquashfs (gzip, its default)': 'mksquashfs /mnt /tmp/out -quiet -no-progress -noappend >/dev/null',
};

export interface Packing {
  readonly time: Pair;
  /** Bytes that each made, and what they are made of. */
  readonly ours: number;
  readonly theirs: number;
  /** Most memory at a time, of the packing process and its zstd processes. */
  readonly memory: number;
  /** What other tools take, with the bytes that they make. */
  readonly others: readonly (Series & { readonly bytes: number })[];
}

/** Packed by a process of its own. */
export interface Packed extends PackedOnce {
  /** Seconds of processor time, zstd and the start of Node.js included. */
  readonly processor: number;
}

export interface PackingOptions {
  readonly images: string;
  readonly scratch: string;
  readonly runs: number;
  /** A root with the other tools, and an empty folder /mnt. */
  readonly tools: string;
}

/** Pack in turns into the folder `scratch`. */
export async function benchPacking({ images, scratch, runs, tools }: PackingOptions): Promise<Packing> {
  const tree = join(images, FILES.chroot);
  const folder = join(scratch, 'packing');
  const plain = join(scratch, 'plain.cpio.zst');
  const pack = async (): Promise<number> => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    return (await packOnce(images, tree, folder)).seconds;
  };
  const pipeline = async (): Promise<number> => {
    rmSync(plain, { force: true });
    return time('sh', '-c', PLAIN, 'sh', tree, plain);
  };
  const contest = {
    what: 'packing',
    goal: GOAL,
    ours: { name: 'mkma: scan, attributes, newc, zstd -3, SHA-256, manifest', run: pack },
    theirs: { name: 'find | cpio | zstd -T0 -3', run: pipeline },
  };
  const pair = await compare(contest, runs);
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
  const { memory } = await watchPacking(images, tree, folder);
  return {
    time: pair,
    ours: statSync(join(folder, BASE_FILES.cpio)).size,
    theirs: statSync(plain).size,
    memory,
    others: await benchOthers(tree, tools, runs),
  };
}

async function benchOthers(tree: string, tools: string, runs: number): Promise<Packing['others']> {
  const made = join(tools, 'tmp/out');
  const found: (Series & { readonly bytes: number })[] = [];
  output('mount', '--bind', tree, join(tools, 'mnt'));
  try {
    for (const [name, command] of Object.entries(OTHERS)) {
      const seconds: number[] = [];
      let bytes = 0;
      for (let turn = 0; turn < runs; turn++) {
        rmSync(made, { force: true });
        seconds.push(await time('chroot', tools, 'sh', '-c', command));
        bytes = statSync(made).size;
      }
      found.push({ name, seconds, bytes });
    }
  } finally {
    rmSync(made, { force: true });
    output('umount', join(tools, 'mnt'));
  }
  return found;
}

/**
 * Pack the tree as the machine of `images`, once, into the folder `scratch`, in a process of its own: no run profits from those
 * before it. Packed again into the same folder, unchanged segments are copied.
 */
export async function packOnce(images: string, tree: string, scratch: string, level = 3): Promise<Packed> {
  return ended(startPacking(images, tree, scratch, level));
}

/** As {@link packOnce}; also the most bytes of memory that it took at a time, its zstd processes included. To watch takes time itself. */
export async function watchPacking(
  images: string,
  tree: string,
  scratch: string,
): Promise<Packed & { readonly memory: number }> {
  const child = startPacking(images, tree, scratch);
  const [packed, memory] = await peakWhile(
    () => memoryOfTree(child.pid ?? 0),
    () => ended(child),
  );
  return { ...packed, memory };
}

function startPacking(images: string, tree: string, scratch: string, level = 3) {
  const program = fileURLToPath(new URL('pack-once.js', import.meta.url));
  return spawn('sh', [...TIMES, process.execPath, program, images, tree, scratch, String(level)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function ended(child: ReturnType<typeof startPacking>): Promise<Packed> {
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`packing failed: exit code ${code}`);
  const { printed, processor } = splitTimes(text);
  return { ...(JSON.parse(printed) as PackedOnce), processor };
}
