/**
 * Power cuts of a machine that runs from a medium of several generations: while it uses others, while it drops some, while
 * it saves. As in vm/power-cuts.ts, what the machine had not flushed is lost. Each time GRUB, which replays no journal,
 * reads a whole menu of whole generations, and the medium boots again. cli/generations-power and cli/install-power have
 * each write of these.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { onMedium, readByGrub, STORAGE } from '../cli/medium.js';
import { tool } from '../vm/disk.js';
import { BASE, imagesFolder, type Vm } from '../vm/harness.js';
import { addGeneration, bootMedium, makeMedium } from '../vm/medium.js';

const folder = mkdtempSync(join(tmpdir(), 'mkma-cuts-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const medium = join(folder, 'medium.raw');
const ALL = [1, 2, 3, 4];

/** The generations that GRUB's menu names, the default first, each of them whole. */
function offered(): number[] {
  const menu = readByGrub(medium, '/boot/grub/grub.cfg').toString();
  assert.match(menu, /^# mkma medium\n[\s\S]*\n\}\n$/);
  const [, first] = /^set default=(\S+)$/m.exec(menu) ?? [];
  const entries = [...menu.matchAll(/--id (\S+) \{[^}]* linux \/mkma\/generations\/(\d+)\/vmlinuz /g)];
  assert.equal(entries.length, menu.match(/^menuentry /gm)?.length, menu);
  assert.equal(entries.filter(([, id]) => id === first).length, 1, menu);
  const numbers = entries
    .sort(([, a], [, b]) => Number(b === first) - Number(a === first))
    .map(([, , number]) => Number(number));
  for (const number of numbers) {
    for (const name of [BASE, 'initramfs.cpio.zst', 'vmlinuz']) {
      const file = `(loop0,gpt3)/mkma/generations/${number}/${name}`;
      execFileSync('grub-fstest', [medium, 'cmp', file, join(imagesFolder(), name)], { stdio: 'pipe' });
    }
  }
  return numbers;
}

/** Once the journal is replayed, nothing is left to mend. */
function assertMendsItself(): void {
  const storage = join(folder, 'storage.img');
  const from = ['bs=1M', `skip=${STORAGE.start / 2 ** 20}`, 'conv=sparse', 'status=none'];
  tool('dd', `if=${medium}`, `of=${storage}`, ...from);
  spawnSync('e2fsck', ['-p', storage]);
  const checked = spawnSync('e2fsck', ['-fn', storage], { encoding: 'utf8' });
  assert.equal(checked.status, 0, checked.stdout);
  rmSync(storage);
}

/** Cuts the power after that many milliseconds, and looks at the medium as it then is. */
async function cut(vm: Vm, milliseconds: number, t: TestContext, what: string): Promise<number[]> {
  await sleep(milliseconds);
  await vm.cutPower();
  const numbers = offered();
  assertMendsItself();
  t.diagnostic(
    `${what}: cut after ${(milliseconds / 1000).toFixed(2)} s; the menu has ${numbers.join(', ')}`,
  );
  return numbers;
}

/** What the machine finds after a cut: it runs from the generation that the menu has first, and all are whole. */
async function assertBooted(vm: Vm, numbers: readonly number[]): Promise<void> {
  const { base, leftOut, storage } = await vm.status();
  assert.equal(storage.path, `/mkma/generations/${numbers[0]}`);
  assert.ok(base?.verified);
  assert.deepEqual(leftOut, []);
  const list = await vm.ask('mkma generations list');
  for (const number of numbers) assert.match(list, new RegExp(`^${number} `, 'm'));
}

const sorted = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);

test('three cuts: in generations use, in generations drop, in persist', async (t) => {
  await makeMedium(imagesFolder(), medium, '--size', '1G');
  for (const number of ALL.slice(1)) await addGeneration(imagesFolder(), medium, `generation=${number}`);
  const takes = await cutInUse(t);
  await cutInDrop(t, takes);
  await cutInPersist(t);
  await assertAllThere();
});

let numbers: number[] = ALL.toReversed();

/** Returns how many milliseconds one command takes. */
async function cutInUse(t: TestContext): Promise<number> {
  await using vm = await bootMedium('bios', medium);
  await assertBooted(vm, numbers);
  vm.type('while mkma generations use 2 && mkma generations use 4; do :; done');
  const used = /\nupdated the boot loader's menu/;
  await vm.expect(used);
  const begun = performance.now();
  await vm.expect(used);
  await vm.expect(used);
  const takes = (performance.now() - begun) / 2;
  numbers = await cut(vm, (1 + Math.random()) * takes, t, `use, which takes ${(takes / 1000).toFixed(2)} s`);
  assert.deepEqual(sorted(numbers), ALL);
  return takes;
}

/** One and three are neither running nor the default. */
async function cutInDrop(t: TestContext, takes: number): Promise<void> {
  await using vm = await bootMedium('bios', medium);
  await assertBooted(vm, numbers);
  vm.type('for n in 1 3; do mkma generations drop $n; done; echo all is "dropped"');
  const left = await cut(vm, (0.3 + Math.random() * 1.6) * takes, t, 'drop');
  for (const number of [2, 4]) assert.ok(left.includes(number), left.join());
  for (const number of [1, 3]) {
    if (vm.shows(new RegExp(`\\ndropped generation ${number}`))) assert.ok(!left.includes(number));
  }
  numbers = left;
}

/** How many snapshots were completed. */
let saved = 0;

async function cutInPersist(t: TestContext): Promise<void> {
  await using vm = await bootMedium('bios', medium);
  await assertBooted(vm, numbers);
  vm.type('n=0; while n=$((n + 1)); do echo $n >/root/count; mkma persist --all --level 1; done');
  await vm.expect(/\nsaved \d+ changes? as /);
  const begun = performance.now();
  await vm.expect(/\nsaved \d+ changes? as /);
  saved = 2;
  numbers = await cut(vm, Math.random() * (performance.now() - begun), t, 'persist');
  if (vm.shows(/\nsaved \d+ changes? as /)) saved++;
}

/** The layers are those that were completed, or one more; what cuts have left is gone after a change. */
async function assertAllThere(): Promise<void> {
  {
    await using vm = await bootMedium('bios', medium);
    await assertBooted(vm, numbers);
    const { layers } = await vm.status();
    assert.ok(layers.length === saved || layers.length === saved + 1, `${layers.length} and ${saved}`);
    assert.ok(layers.every(({ verified, warnings = [] }) => verified && warnings.length === 0));
    assert.equal(await vm.ask('cat /root/count'), String(layers.length));
    await vm.ask('mkma generations pin 2; echo more >/root/more; mkma persist --all --level 1');
    assert.equal(await vm.powerOff(), 0);
  }
  const names = onMedium(medium, (root) => execFileSync('find', [root, '-name', '.*'], { encoding: 'utf8' }));
  assert.doesNotMatch(names, /\.new-|\.part|\.mkma\.(?:new|old)|\.default/);
}
