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
import { asDevice, readByGrub, STORAGE, smallSet } from './medium.js';
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
    return { disk, entries: recorder.entries(), kernels };
  } finally {
    recorder.close();
  }
}

/** What GRUB would offer: the numbers of the generations, the default first. */
function offered(medium: string, { kernels }: Recording, where: string): string {
  const menu = readByGrub(medium, '/boot/grub/grub.cfg').toString();
  assert.match(menu, /^# mkma medium\n[\s\S]*\}\n$/, where);
  const entries = [...menu.matchAll(/--id (\S+) \{[\s\S]*?linux \/mkma\/generations\/(\d)\/vmlinuz/g)];
  for (const [, , number = ''] of entries) {
    const kernel = readByGrub(medium, `/mkma/generations/${number}/vmlinuz`);
    assert.ok(kernels[number]?.equals(kernel), `${where}: the kernel of generation ${number} is not whole`);
    assert.ok(readByGrub(medium, `/mkma/generations/${number}/base.cpio.zst`).length > 200_000, where);
  }
  const sorted = entries.sort(([, a = ''], [, b = '']) => a.length - b.length);
  return sorted.map(([, , number]) => number).join();
}

test('at each moment a medium that is changed boots the old set or the new one', async (t) => {
  using folder = temporary();
  const recording = await record(folder.path);
  const state = join(folder.path, 'state.img');
  const storage = join(folder.path, 'storage.img');
  const counts: Record<string, number> = {};
  let last = '';
  for (const one of statesOf(recording.disk, recording.entries, 0, new Chance(SEED), LONG ? 10 : 2)) {
    const where = `MKMA_TEST_SEED=${SEED}: after write ${one.asked}, ${one.how}`;
    writeFileSync(state, one.disk);
    last = offered(state, recording, where);
    counts[last] = (counts[last] ?? 0) + 1;
    writeFileSync(storage, one.disk.subarray(STORAGE.start, one.disk.length - STORAGE.after));
    // The journal first; then nothing is left to mend.
    spawnSync('e2fsck', ['-p', storage]);
    const checked = spawnSync('e2fsck', ['-fn', storage], { encoding: 'utf8' });
    assert.equal(checked.status, 0, `${where}: ${checked.stdout}`);
  }
  t.diagnostic(JSON.stringify(counts));
  assert.deepEqual(Object.keys(counts).sort(), ['1', '1,2', '2,1']);
  assert.equal(last, '1,2');
});
