/** Packing chroot/ against the plain pipeline. */
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BASE_FILES, FILES } from '../src/core/contract.js';
import type { PackedOnce } from './pack-once.js';
import { compare, type Pair } from './pairs.js';
import { output, time } from './programs.js';

/** Share of the plain pipeline's time that packing may take. */
const GOAL = 0.8;

const PLAIN =
  'cd "$1" && find . -print0 | cpio --null --create --format=newc --quiet | zstd -q -T0 -3 > "$2"';

export interface Packing {
  readonly time: Pair;
  /** Bytes that each made, and what they are made of. */
  readonly ours: number;
  readonly theirs: number;
  /** Most memory of the packing process. */
  readonly memory: number;
}

/** Pack in turns into the folder `scratch`. */
export async function benchPacking(images: string, scratch: string, runs: number): Promise<Packing> {
  const folder = join(scratch, 'packing');
  const plain = join(scratch, 'plain.cpio.zst');
  const once: PackedOnce[] = [];
  const pack = async (): Promise<number> => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    const program = fileURLToPath(new URL('pack-once.js', import.meta.url));
    const packed = JSON.parse(output(process.execPath, program, images, folder)) as PackedOnce;
    once.push(packed);
    return packed.seconds;
  };
  const pipeline = async (): Promise<number> => {
    rmSync(plain, { force: true });
    return time('sh', '-c', PLAIN, 'sh', join(images, FILES.chroot), plain);
  };
  const contest = {
    what: 'packing',
    goal: GOAL,
    ours: { name: 'mkma: scan, attributes, newc, zstd -3, SHA-256, manifest', run: pack },
    theirs: { name: 'find | cpio | zstd -T0 -3', run: pipeline },
  };
  const pair = await compare(contest, runs);
  return {
    time: pair,
    ours: statSync(join(folder, BASE_FILES.cpio)).size,
    theirs: statSync(plain).size,
    memory: Math.max(...once.map(({ memory }) => memory)),
  };
}
