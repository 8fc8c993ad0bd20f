/** Whether packing and loading take as long for each MB of a large tree as of a small one, and how much memory packing takes. */
import { mkdirSync, rmSync } from 'node:fs';
import { freemem } from 'node:os';
import { join } from 'node:path';
import { BASE_FILES, FILES } from '../src/core/contract.js';
import { readImage } from '../src/host/set/images.js';
import type { EarlyBoot } from './early-boot.js';
import { packOnce, watchPacking } from './packing.js';
import { median } from './pairs.js';
import { output } from './programs.js';

/** How many times as large: 4 GB of a console machine. */
const MOST_COPIES = 14;
/** Bytes of RAM that each byte of the tree takes while it is loaded: itself, and its image beside it. */
const RAM_EACH = 1.7;

/** What one size came to. */
export interface Size {
  /** Bytes of the tree in RAM, and of the image. */
  readonly bytes: number;
  readonly packed: number;
  /** Seconds, medians. */
  readonly packing: number;
  readonly loading: number;
  /** The same by the plain pipeline: what grows there as well is the machine's. */
  readonly plainLoading: number;
  /** Most memory that packing took at a time, its zstd processes included. */
  readonly memory: number;
}

export interface Growth {
  readonly copies: number;
  readonly small: Size;
  readonly large: Size;
}

export interface GrowthOptions {
  readonly images: string;
  readonly early: EarlyBoot;
  /** A folder for the large tree. */
  readonly scratch: string;
  readonly runs: number;
}

/** Measure the tree, and copies of it in one. Of as many as the RAM has room for. */
export async function benchGrowth(options: GrowthOptions): Promise<Growth> {
  const { images, scratch } = options;
  const tree = join(images, FILES.chroot);
  const bytes = unpackedBytes(join(images, BASE_FILES.cpio));
  const copies = Math.max(2, Math.min(MOST_COPIES, Math.floor(freemem() / bytes / RAM_EACH) - 1));
  const large = join(scratch, 'large');
  mkdirSync(large, { recursive: true });
  try {
    const copy = (i: number) => output('cp', '-a', '--reflink=auto', tree, join(large, `copy${i}`));
    for (let i = 0; i < copies; i++) copy(i);
    const small = await measure(options, tree);
    return { copies, small, large: await measure(options, large) };
  } finally {
    rmSync(large, { recursive: true, force: true });
  }
}

async function measure({ images, early, scratch, runs }: GrowthOptions, tree: string): Promise<Size> {
  const folder = join(scratch, 'growth');
  const packing: number[] = [];
  const loading: number[] = [];
  const plainLoading: number[] = [];
  let packed = 0;
  let memory = 0;
  // The first turn fills the page cache, watches the memory, and does not count.
  for (let turn = -1; turn < runs; turn++) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    if (turn < 0) ({ memory } = await watchPacking(images, tree, folder));
    else {
      const done = await packOnce(images, tree, folder);
      packed = done.bytes;
      packing.push(done.seconds);
    }
    const seconds = await early.load(folder, BASE_FILES.cpio);
    const plain = await early.plain(folder);
    if (turn < 0) continue;
    loading.push(seconds);
    plainLoading.push(plain);
  }
  const bytes = unpackedBytes(join(folder, BASE_FILES.cpio));
  rmSync(folder, { recursive: true });
  const times = { packing: median(packing), loading: median(loading), plainLoading: median(plainLoading) };
  return { bytes, packed, ...times, memory };
}

function unpackedBytes(image: string): number {
  const info = readImage(image);
  if (!info.ok || info.value.manifest === undefined) throw new Error(`${image} has no manifest`);
  return info.value.manifest.unpackedBytes;
}
