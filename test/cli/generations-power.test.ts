/**
 * Power cuts while the machine uses or drops a generation: the menu that GRUB reads, which replays no journal, is the old
 * or the new one, and each of its entries names a kernel that is there, whole.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repository, temporary } from './cli.js';
import { sharedImages } from './images.js';
import { runFromFirst } from './persist/generations.js';
import { TestMachine } from './persist/machine.js';
import { inOwnMounts } from './persist/namespace.js';
import { Chance } from './persist/random.js';
import { type Entry, Recorder } from './power/recorder.js';
import { statesOf } from './power/states.js';

inOwnMounts(import.meta.url);

const BY_CHANCE = process.env.MKMA_TEST_LONG === '1' ? 40 : 3;
const SEED = Number(process.env.MKMA_TEST_SEED ?? Date.now() % 2 ** 31);
const MENU = '/boot/grub/custom.cfg';
const kernelOf = (number: number): string => `kernel ${number} `.repeat(3000);

/** Three generations, and a menu of theirs. */
function layOut(machine: TestMachine): void {
  runFromFirst(machine, kernelOf);
  const block = 'menuentry x {\n linux /x mkma_images_path=/images/generations/3\n}';
  const menu = `### BEGIN mkma-machine ###\n${block}\n### END mkma-machine ###\n`;
  machine.onStorage((folder) => writeFileSync(join(folder, MENU), menu));
}

interface Recording {
  readonly disk: Buffer;
  readonly entries: readonly Entry[];
  readonly began: number;
  /** The menus before, and after each command. */
  readonly menus: readonly string[];
}

function record(scratch: string): Recording {
  let disk: Buffer | undefined;
  let recorder: Recorder | undefined;
  const machine = new TestMachine({
    ...{ images: sharedImages(), dist: join(repository, 'dist'), scratch },
    ...{ storageBytes: 8 * 2 ** 20, ramBytes: 2 ** 30 },
    over: (file) => {
      disk = readFileSync(file);
      recorder = new Recorder(file);
      return recorder.view;
    },
  });
  try {
    layOut(machine);
    const menu = (): string => machine.onStorage((folder) => readFileSync(join(folder, MENU), 'utf8'));
    const mkma = (...args: string[]): string => {
      const { code, stdout, stderr } = machine.mkma(['generations', ...args]);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /updated the boot loader's menu/);
      return menu();
    };
    // The menu as mkma writes it.
    const menus = [mkma('use', '3')];
    const began = recorder?.entries().length ?? 0;
    menus.push(mkma('use', '2'), mkma('drop', '3'));
    return { disk: disk as Buffer, entries: recorder?.entries() ?? [], began, menus };
  } finally {
    machine.close();
    recorder?.close();
  }
}

/** A file as GRUB reads it. */
function grubReads(image: string, path: string): string | undefined {
  const got = spawnSync('grub-fstest', [image, 'cat', `(loop0)${path}`], { encoding: 'utf8' });
  return got.status === 0 ? got.stdout : undefined;
}

test('after every write of use and drop, GRUB reads a whole menu, whose entries name whole kernels', (t) => {
  using folder = temporary();
  const { disk, entries, began, menus } = record(folder.path);
  const mount = join(folder.path, 'state');
  mkdirSync(mount);
  execFileSync('mount', ['-t', 'tmpfs', 'state', mount]);
  const counts = menus.map(() => 0);
  let last = -1;
  try {
    for (const state of statesOf(disk, entries, began, new Chance(SEED), BY_CHANCE)) {
      const image = join(mount, 'disk');
      writeFileSync(image, state.disk);
      const where = `MKMA_TEST_SEED=${SEED}: after write ${state.asked}, ${state.how}`;
      const menu = grubReads(image, MENU);
      last = menus.indexOf(menu ?? '');
      assert.ok(last >= 0, `${where}: ${menu}`);
      counts[last] = (counts[last] as number) + 1;
      const paths = [...(menu as string).matchAll(/^ {4}linux (\S+)/gm)].map(([, path]) => path as string);
      assert.equal(paths.length, last === 2 ? 2 : 3);
      for (const path of paths) {
        const number = Number(/generations\/(\d+)\//.exec(path)?.[1]);
        assert.equal(grubReads(image, path), kernelOf(number), `${where}: ${path}`);
      }
    }
  } finally {
    execFileSync('umount', [mount]);
  }
  t.diagnostic(JSON.stringify(counts));
  assert.ok(counts.every((count) => count > 0) && last === 2, JSON.stringify(counts));
});
