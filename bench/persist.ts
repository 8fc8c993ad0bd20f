/**
 * Saving a snapshot against the plain pipeline: mkma's programs of the machine under its QuickJS, on a real overlay, with a
 * loop device as storage. Both run the tools of the built system, and write to the same file system.
 */
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FILES, OVERLAY } from '../src/core/contract.js';
import { layersAmong } from '../src/core/set/layer-names.js';
import { TestMachine } from '../test/cli/persist/machine.js';
import { compare, type Pair } from './pairs.js';
import { output, time } from './programs.js';

/** Share of the plain pipeline's time that a snapshot may take, and seconds for looking alone. */
const GOAL = 1.2;
export const SCAN_GOAL = 2;

const FOLDERS = 200;
const FILES_EACH = 100;
/** Bytes of a file. */
const SIZE = 10_000;

/** $1 the storage's folder, $2 the level. */
const PLAIN = `cd /${OVERLAY.root}/${OVERLAY.fresh} &&
find . -print0 | cpio --null --create --format=newc --quiet | zstd -q -T0 "-$2" >"$1/plain.zst" && sync "$1/plain.zst"`;

export interface Persisting {
  readonly files: number;
  readonly bytes: number;
  /** zstd level of both. */
  readonly level: number;
  readonly time: Pair;
  /** Seconds of looking alone (`--dry-run`), in the order of the runs. */
  readonly scan: readonly number[];
  /** Bytes that each made. */
  readonly ours: number;
  readonly theirs: number;
}

/** Save the same changes in turns. `scratch` is an empty folder, in which mounts are made. */
export async function benchPersist(images: string, scratch: string, runs: number): Promise<Persisting> {
  const dist = fileURLToPath(new URL('..', import.meta.url));
  const machine = new TestMachine({ images, dist, scratch, storageBytes: 2 ** 30 });
  try {
    return await measure(machine, images, runs);
  } finally {
    machine.close();
  }
}

async function measure(machine: TestMachine, images: string, runs: number): Promise<Persisting> {
  const level = 3;
  machine.newBase((base) => mkdirSync(join(base, 'etc')));
  machine.boot();
  const bytes = fill(machine.merged, join(images, FILES.chroot, 'usr'));
  const mkma = (...args: string[]) =>
    time('chroot', machine.root, '/usr/bin/mkma', 'persist', '--all', ...args);
  let ours = 0;
  let theirs = 0;
  const save = async (): Promise<number> => {
    const seconds = await mkma('--level', String(level));
    // Gone from the storage, it counts no more.
    machine.onStorage((storage) => {
      const folder = join(storage, 'images');
      for (const { file } of layersAmong(readdirSync(folder))) {
        ours = statSync(join(folder, file)).size;
        rmSync(join(folder, file));
      }
    });
    return seconds;
  };
  const plain = async (): Promise<number> => {
    const folder = join(machine.root, 'mnt');
    output('mount', machine.loop, folder);
    try {
      const seconds = await time('chroot', machine.root, 'sh', '-c', PLAIN, 'sh', '/mnt', String(level));
      theirs = statSync(join(folder, 'plain.zst')).size;
      rmSync(join(folder, 'plain.zst'));
      return seconds;
    } finally {
      output('umount', folder);
    }
  };
  const contest = {
    what: 'saving',
    goal: GOAL,
    ours: { name: `mkma persist --all --level ${level}: list, comparison, checksums, manifest`, run: save },
    theirs: { name: `find | cpio | zstd -T0 -${level}`, run: plain },
  };
  const pair = await compare(contest, runs);
  const scan: number[] = [];
  for (let i = 0; i < runs; i++) scan.push(await mkma('--dry-run'));
  return { files: FOLDERS * FILES_EACH, bytes, level, time: pair, scan, ours, theirs };
}

/** Files of 10,000 bytes cut out of a tree's files, no piece twice, so that zstd has to work; returns their bytes. */
function fill(folder: string, tree: string): number {
  const pieces = cut(tree);
  for (let i = 0; i < FOLDERS; i++) {
    mkdirSync(join(folder, `folder-${i}`));
    for (let k = 0; k < FILES_EACH; k++) {
      const { value } = pieces.next();
      if (value === undefined)
        throw new Error(`${tree} is too small to cut ${FOLDERS * FILES_EACH} files out of it`);
      writeFileSync(join(folder, `folder-${i}/a file with a name ${k}`), value);
    }
  }
  return FOLDERS * FILES_EACH * SIZE;
}

function* cut(tree: string): Generator<Buffer, undefined> {
  let rest: Buffer = Buffer.alloc(0);
  for (const name of readdirSync(tree, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(tree, name);
    if (!lstatSync(path).isFile()) continue;
    rest = Buffer.concat([rest, readFileSync(path)]);
    let at = 0;
    for (; at + SIZE <= rest.length; at += SIZE) yield rest.subarray(at, at + SIZE);
    rest = rest.subarray(at);
  }
  return undefined;
}
