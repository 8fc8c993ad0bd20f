/**
 * Power cuts while layers are replaced by another: whatever was written by then, the medium has all of the old layers, or
 * the new one; each of them is whole.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { layersAmong } from '../../../src/core/set/layer-names.js';
import { repository, temporary } from '../cli.js';
import { sharedImages } from '../images.js';
import { TestMachine } from '../persist/machine.js';
import { Chance } from '../persist/random.js';
import { type Entry, Recorder } from './recorder.js';
import { statesOf } from './states.js';

const BY_CHANCE = process.env.MKMA_TEST_LONG === '1' ? 40 : 3;
const SEED = Number(process.env.MKMA_TEST_SEED ?? Date.now() % 2 ** 31);
const DISK = 8 * 2 ** 20;

/** Layers by file. */
type Files = ReadonlyMap<string, Buffer>;

/** What to do; `mkma` runs it, and fails with it. */
export interface Scenario {
  readonly base: (folder: string) => void;
  readonly before: (machine: TestMachine, mkma: (...args: string[]) => void) => void;
  readonly replace: (machine: TestMachine, mkma: (...args: string[]) => void, old: Files) => void;
}

/** The disk before all writes, the writes, where replacing began and was said to be done, and the layers before and after. */
interface Recording {
  readonly disk: Buffer;
  readonly entries: readonly Entry[];
  readonly began: number;
  readonly ended: number;
  readonly old: Files;
  readonly new: Files;
}

function layersIn(images: string): Files {
  return new Map(
    layersAmong(readdirSync(images)).map(({ file }) => [file, readFileSync(join(images, file))] as const),
  );
}

function record(scratch: string, scenario: Scenario): Recording {
  let disk: Buffer | undefined;
  let recorder: Recorder | undefined;
  const machine = new TestMachine({
    ...{ images: sharedImages(), dist: join(repository, 'dist'), scratch },
    ...{ storageBytes: DISK, ramBytes: 2 ** 30 },
    over: (file) => {
      disk = readFileSync(file);
      recorder = new Recorder(file);
      return recorder.view;
    },
  });
  try {
    const layers = (): Files => machine.onStorage((folder) => layersIn(join(folder, 'images')));
    const mkma = (...args: string[]): void => {
      const { code, stderr } = machine.mkma(args);
      assert.equal(code, 0, stderr);
    };
    machine.newBase(scenario.base);
    machine.boot();
    scenario.before(machine, mkma);
    const old = layers();
    const began = recorder?.entries().length ?? 0;
    scenario.replace(machine, mkma, old);
    const entries = recorder?.entries() ?? [];
    return { disk: disk as Buffer, entries, began, ended: entries.length, old, new: layers() };
  } finally {
    machine.close();
    recorder?.close();
  }
}

export function checkEachWrite(t: TestContext, scenario: Scenario): void {
  using folder = temporary();
  const recording = record(folder.path, scenario);
  const mount = join(folder.path, 'state');
  mkdirSync(mount);
  execFileSync('mount', ['-t', 'tmpfs', 'state', mount]);
  const counts: Record<string, number> = {};
  try {
    const { disk, entries, began } = recording;
    for (const state of statesOf(disk, entries, began, new Chance(SEED), BY_CHANCE)) {
      const image = join(mount, 'disk');
      writeFileSync(image, state.disk);
      const where = `MKMA_TEST_SEED=${SEED}: after write ${state.asked}, ${state.how}`;
      const found = look(recording, image, join(mount, 'mount'), where);
      if (state.asked > recording.ended) assert.equal(found, 'new', where);
      counts[found] = (counts[found] ?? 0) + 1;
      const checked = spawnSync('e2fsck', ['-fn', image], { encoding: 'utf8' });
      assert.equal(checked.status, 0, `${where}: ${checked.stdout}`);
    }
  } finally {
    execFileSync('umount', [mount]);
  }
  t.diagnostic(JSON.stringify(counts));
  assert.ok((counts.old ?? 0) > 0 && (counts.new ?? 0) + (counts.both ?? 0) > 0, JSON.stringify(counts));
}

/** What is there: the old layers, the new one, or it and some of the old ones. */
function look(recording: Recording, image: string, mount: string, where: string): 'old' | 'new' | 'both' {
  mkdirSync(mount, { recursive: true });
  execFileSync('mount', ['-o', 'loop', image, mount]);
  try {
    const there = layersIn(join(mount, 'images'));
    for (const [file, content] of there) {
      const whole = recording.new.get(file) ?? recording.old.get(file);
      assert.ok(whole?.equals(content), `${where}: ${file} is not whole`);
    }
    const hasAll = (files: Files): boolean => [...files.keys()].every((file) => there.has(file));
    if (hasAll(recording.new)) return there.size === recording.new.size ? 'new' : 'both';
    assert.ok(hasAll(recording.old), `${where}: neither all of the old ones nor the new one is there`);
    return 'old';
  } finally {
    execFileSync('umount', [mount]);
  }
}
