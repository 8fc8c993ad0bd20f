/**
 * Power cuts while `mkma persist` writes, by the hundred: every write of real saves is recorded with the flushes between
 * them, and the disk put together as it may be after each. Its ext4 file system is mounted, which replays its journal, and holds
 * every layer that was said to be saved, whole, and nothing half written under the name of one.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { layersAmong } from '../../src/core/set/layer-names.js';
import { main, repository, temporary } from './cli.js';
import { sharedImages } from './images.js';
import { TestMachine } from './persist/machine.js';
import { inOwnMounts } from './persist/namespace.js';
import { Chance } from './persist/random.js';
import { type Entry, Recorder } from './power/recorder.js';
import { type State, statesOf } from './power/states.js';

inOwnMounts(import.meta.url);

/** How many disks by chance, for every stretch between two flushes, drawn by the seed. */
const BY_CHANCE = process.env.MKMA_TEST_LONG === '1' ? 40 : 3;
const SEED = Number(process.env.MKMA_TEST_SEED ?? Date.now() % 2 ** 31);
const DISK = 8 * 2 ** 20;
const PART = '.mkma-persist.part';

/** What was recorded: the disk before it, all writes, and what they were to bring. */
interface Recording {
  readonly before: Buffer;
  readonly entries: readonly Entry[];
  /** Entries there were when each save began, and when it said that it is done. */
  readonly saves: readonly { readonly began: number; readonly ended: number }[];
  /** Files in the folder of the images in the end, layers in their order. */
  readonly files: ReadonlyMap<string, Buffer>;
}

test('after every write of a save, flushed or not, old layers are whole and the new one is whole or not there', (t) => {
  using folder = temporary();
  const recording = record(folder.path);
  const { before, entries, saves } = recording;
  const mount = join(folder.path, 'state');
  mkdirSync(mount);
  execFileSync('mount', ['-t', 'tmpfs', 'state', mount]);
  const counts = new Map<number, number>();
  try {
    for (const state of statesOf(before, entries, saves[0]?.began ?? 0, new Chance(SEED), BY_CHANCE)) {
      const layers = look(recording, state, mount);
      counts.set(layers, (counts.get(layers) ?? 0) + 1);
    }
  } finally {
    execFileSync('umount', [mount]);
  }
  const total = [...counts.values()].reduce((sum, count) => sum + count);
  t.diagnostic(`${total} disks; by the number of layers: ${JSON.stringify([...counts])}`);
  assert.deepEqual([...counts.keys()].sort(), [0, 1, 2, 3], 'every set was met');
});

/** An editor that mounts the storage beside mkma, until the test ends what it starts there. */
const beside = (work: string) =>
  `sh -c 'mount $STORAGE /mnt; { ${work}; } >/dev/null 2>&1 & echo $! >/run/beside' editor`;
/** Flushes all that is written so far, again and again, as the kernel may do at any time. */
const FLUSHING = beside('while sync --file-system /mnt; do sleep 0.01; done');
/** No unmounting flushes what mkma did not. */
const HOLDING = beside('exec sleep 600');

/** Three saves: the first, one after a broken one while everything is flushed all the time, and one that only mkma itself flushes. */
function record(scratch: string): Recording {
  let before: Buffer | undefined;
  let recorder: Recorder | undefined;
  const machine = new TestMachine({
    ...{ images: sharedImages(), dist: join(repository, 'dist'), scratch },
    ...{ storageBytes: DISK, ramBytes: 2 ** 30 },
    over: (file) => {
      before = readFileSync(file);
      recorder = new Recorder(file);
      return recorder.view;
    },
  });
  try {
    const noted = (): number => (recorder as Recorder).entries().length;
    const saves: { began: number; ended: number }[] = [];
    const save = (words: readonly string[], env: Record<string, string> = {}): void => {
      writeFileSync(join(machine.merged, 'root/data'), randomBytes(400_000));
      writeFileSync(join(machine.merged, `root/${saves.length}`), 'x');
      const began = noted();
      const { code, stderr } = machine.mkma(['persist', '--level', '1', ...words], env);
      assert.equal(code, 0, stderr);
      saves.push({ began, ended: noted() });
    };
    const saveBeside = (editor: string): void => {
      save([], { EDITOR: editor, STORAGE: machine.loop });
      process.kill(Number(readFileSync(join(machine.root, 'run/beside'), 'utf8')));
    };
    machine.newBase((base) => mkdirSync(join(base, 'root')));
    machine.boot();
    save(['--all']);
    machine.onStorage((folder) => writeFileSync(join(folder, 'images', PART), randomBytes(300_000)));
    saveBeside(FLUSHING);
    saveBeside(HOLDING);
    return {
      before: before as Buffer,
      entries: (recorder as Recorder).entries(),
      saves,
      files: filesOf(machine),
    };
  } finally {
    machine.close();
    recorder?.close();
  }
}

/** The files on the storage; its layers verified by their checksums. */
function filesOf(machine: TestMachine): Map<string, Buffer> {
  return machine.onStorage((folder) => {
    const images = join(folder, 'images');
    const verified = spawnSync(process.execPath, [main, 'layers', 'verify', '--output', images]);
    assert.equal(verified.status, 0, `${verified.stdout}${verified.stderr}`);
    return new Map(readdirSync(images).map((name) => [name, readFileSync(join(images, name))] as const));
  });
}

/** Mount a disk and look at it; returns how many layers are there. */
function look({ saves, files }: Recording, state: State, folder: string): number {
  const { asked, how, disk } = state;
  const where = `MKMA_TEST_SEED=${SEED}: after write ${asked}, ${how}`;
  const image = join(folder, 'disk');
  const mount = join(folder, 'mount');
  mkdirSync(mount, { recursive: true });
  writeFileSync(image, disk);
  const names = layersAmong([...files.keys()]).map(({ file }) => file);
  const least = saves.filter(({ ended }) => ended <= asked).length;
  const most = saves.filter(({ began }) => began < asked).length;
  const count = mounted(image, mount, where, (images) => {
    const there = existsSync(images) ? readdirSync(images) : [];
    const layers = layersAmong(there).map(({ file }) => file);
    assert.deepEqual(layers, names.slice(0, layers.length), where);
    assert.ok(least <= layers.length && layers.length <= most, `${where}: ${layers.length} layers`);
    checkFiles(images, layers, files, where);
    return layers.length;
  });
  const checked = spawnSync('e2fsck', ['-fn', image], { encoding: 'utf8' });
  assert.equal(checked.status, 0, `${where}: ${checked.stdout}`);
  return count;
}

function checkFiles(
  images: string,
  layers: readonly string[],
  files: ReadonlyMap<string, Buffer>,
  where: string,
): void {
  for (const name of layers) {
    const whole = files.get(name)?.equals(readFileSync(join(images, name)));
    assert.ok(whole, `${where}: ${name} is not whole`);
  }
}

function mounted<T>(image: string, folder: string, where: string, work: (images: string) => T): T {
  const ended = spawnSync('mount', ['-o', 'loop', image, folder], { encoding: 'utf8' });
  assert.equal(ended.status, 0, `${where}: ${ended.stderr}`);
  try {
    return work(join(folder, 'images'));
  } finally {
    execFileSync('umount', [folder]);
  }
}
