/**
 * Power cuts while a medium gets a generation and while another one is chosen: whatever was written by then, GRUB, which
 * replays no journal, reads a menu of mkma's, each of its entries names files that are whole, and the old one is there.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { mkma, temporary } from './cli.js';
import { asDevice, STORAGE, smallSet } from './medium.js';
import { inOwnMounts } from './persist/namespace.js';
import { Chance } from './persist/random.js';
import { type Entry, Recorder } from './power/recorder.js';
import { statesOf } from './power/states.js';

inOwnMounts(import.meta.url);

const SEED = Number(process.env.MKMA_TEST_SEED ?? Date.now() % 2 ** 31);
const LONG = process.env.MKMA_TEST_LONG === '1';

async function run(...args: string[]): Promise<void> {
  const done = await mkma(args);
  assert.equal(done.code, 0, done.stderr);
}

interface Recording {
  /** The file system with the sets: nothing else of the medium is written. */
  readonly disk: Buffer;
  readonly entries: readonly Entry[];
  readonly kernels: Readonly<Record<string, Buffer>>;
}

/** A medium with one generation; what is written while it gets a second one, and while the first is chosen again. */
async function record(folder: string): Promise<Recording> {
  const images = smallSet(join(folder, 'images'), { baseBytes: 200_000 });
  const medium = join(folder, 'medium.img');
  await run('install', medium, '--output', images, '--size', '112M');
  const disk = readFileSync(medium);
  const old = readFileSync(join(images, 'vmlinuz'));
  writeFileSync(join(images, 'vmlinuz'), 'another kernel'.repeat(20_000));
  const recorder = new Recorder(medium);
  try {
    await asDevice(recorder.view, async (device) => {
      await run('install', device, '--output', images, '--confirm', basename(device));
      const root = join(folder, 'root');
      mkdirSync(root);
      execFileSync('mount', ['-o', `loop,offset=${STORAGE.start}`, device, root]);
      try {
        await run('generations', 'use', '1', '--output', join(root, 'mkma'));
      } finally {
        execFileSync('umount', [root]);
      }
    });
    const kernels = { 1: old, 2: readFileSync(join(images, 'vmlinuz')) };
    const end = disk.length - STORAGE.after;
    const entries = recorder.entries().map((entry) => inStorage(entry, end));
    return { disk: disk.subarray(STORAGE.start, end), entries, kernels };
  } finally {
    recorder.close();
  }
}

/** An entry as the file system sees it: whatever is written is within it. */
function inStorage(entry: Entry, end: number): Entry {
  if (entry.kind !== 'write') return entry;
  assert.ok(entry.at >= STORAGE.start && entry.at + entry.data.length <= end, `a write at ${entry.at}`);
  return { ...entry, at: entry.at - STORAGE.start };
}

/**
 * What GRUB reads of a state, each into a file beside it; then the journal is replayed, and nothing is left to mend. One
 * program for all of it: starting one takes a process of this size longer than what it does.
 */
const LOOK = `
for file in boot/grub/grub.cfg mkma/generations/1/vmlinuz mkma/generations/1/base.cpio.zst \\
    mkma/generations/2/vmlinuz mkma/generations/2/base.cpio.zst; do
  grub-fstest state.img cat "(loop0)/$file" >"$(echo "$file" | tr / _)" 2>/dev/null
done
e2fsck -p state.img >/dev/null 2>&1
e2fsck -fn state.img 2>&1`;

/** What GRUB would offer: the numbers of the generations, the default first. */
function offered(folder: string, { kernels }: Recording, where: string): string {
  const read = (path: string): Buffer => readFileSync(join(folder, path.replaceAll('/', '_')));
  const menu = read('boot/grub/grub.cfg').toString();
  assert.match(menu, /^# mkma medium\n[\s\S]*\}\n$/, where);
  const entries = [...menu.matchAll(/--id (\S+) \{[\s\S]*?linux \/mkma\/generations\/(\d)\/vmlinuz/g)];
  for (const [, , number = ''] of entries) {
    const kernel = read(`mkma/generations/${number}/vmlinuz`);
    assert.ok(kernels[number]?.equals(kernel), `${where}: the kernel of generation ${number} is not whole`);
    assert.ok(read(`mkma/generations/${number}/base.cpio.zst`).length > 200_000, where);
  }
  const sorted = entries.sort(([, a = ''], [, b = '']) => a.length - b.length);
  return sorted.map(([, , number]) => number).join();
}

test('at each moment a medium that is changed boots the old set or the new one', async (t) => {
  using folder = temporary();
  const recording = await record(folder.path);
  const state = join(folder.path, 'state.img');
  writeFileSync(state, '');
  const counts: Record<string, number> = {};
  let last = '';
  for (const one of statesOf(recording.disk, recording.entries, 0, new Chance(SEED), LONG ? 10 : 2)) {
    const where = `MKMA_TEST_SEED=${SEED}: after write ${one.asked}, ${one.how}`;
    // In place: making room for it again takes longer than writing it.
    writeFileSync(state, one.disk, { flag: 'r+' });
    const looked = spawnSync('sh', ['-c', LOOK], { cwd: folder.path, encoding: 'utf8' });
    last = offered(folder.path, recording, where);
    counts[last] = (counts[last] ?? 0) + 1;
    assert.equal(looked.status, 0, `${where}: ${looked.stdout}`);
  }
  t.diagnostic(JSON.stringify(counts));
  assert.deepEqual(Object.keys(counts).sort(), ['1', '1,2', '2,1']);
  assert.equal(last, '1,2');
});
