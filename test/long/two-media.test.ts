/** Two sticks with different sets in one machine: each boots its own base, generation and layers, and saves there, whichever is started. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readImage } from '../../src/host/set/images.js';
import { STORAGE } from '../cli/medium.js';
import { tool } from '../vm/disk.js';
import { BASE, FORMAT, imagesFolder, mkma } from '../vm/harness.js';
import { addGeneration, bootMedium, makeMedium } from '../vm/medium.js';

const folder = mkdtempSync(join(tmpdir(), 'mkma-two-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Stick {
  readonly file: string;
  /** The id of its base. */
  readonly base: string | undefined;
  /** The one that boots by default. */
  readonly generation: number;
  /** The UUID of its ext4 file system. */
  readonly uuid: string;
  /** The layers that it is to have, and what they hold, in the order in which they were saved. */
  readonly layers: string[];
  readonly saved: string[];
}

const sticks: Stick[] = [];

async function makeStick(images: string, name: string, generation: number): Promise<void> {
  const file = join(folder, `${name}.raw`);
  await makeMedium(images, file, '--size', '1G');
  for (let more = 2; more <= generation; more++) await addGeneration(images, file, `generation=${more}`);
  const asked = ['--output', 'value', '--match-tag', 'UUID'];
  const uuid = tool('blkid', '--probe', '--offset', String(STORAGE.start), ...asked, file);
  const base = readImage(join(images, BASE));
  assert.ok(base.ok);
  sticks.push({ file, base: base.value.manifest?.id, generation, uuid, layers: [], saved: [] });
}

before(async () => {
  await makeStick(imagesFolder(), 'one', 2);
  const other = join(folder, 'other');
  const config = join(folder, 'other.json');
  writeFileSync(config, JSON.stringify({ extends: ['console'], hostname: 'other' }));
  const fast = ['--format', FORMAT, '--compression-level', '1'];
  const built = await mkma('build', '--config', config, '--output', other, ...fast);
  assert.equal(built.exitCode, 0, built.stderr);
  await makeStick(other, 'other', 1);
});

let count = 0;

/** Boots the first, looks whose everything is, and saves one file more. */
async function bootsItsOwn(firmware: 'bios' | 'uefi', own: Stick, beside: Stick): Promise<void> {
  await using vm = await bootMedium(firmware, own.file, beside.file);
  const { base, layers, leftOut, storage } = await vm.status();
  assert.equal(base?.id, own.base);
  assert.equal(storage.asked, `UUID=${own.uuid}`);
  assert.equal(storage.path, `/mkma/generations/${own.generation}`);
  assert.deepEqual(
    layers.map(({ layer }) => layer),
    own.layers,
  );
  assert.deepEqual(leftOut, []);
  assert.equal(await vm.ask('cat /etc/saved 2>/dev/null || :'), own.saved.join('\n'));
  const more = `${firmware} ${++count}`;
  own.saved.push(more);
  const answer = await vm.ask(`echo ${more} >>/etc/saved; mkma persist --all --level 1`);
  const [, layer = ''] = /saved \d+ changes? as persistence\.(\d+_\d+)\./.exec(answer) ?? [];
  assert.notEqual(layer, '', answer);
  own.layers.push(layer);
  assert.equal(await vm.powerOff(), 0);
}

test('whichever the firmware starts, by BIOS and by UEFI, has its own set, and keeps what it saves', async () => {
  const [one, other] = sticks as [Stick, Stick];
  assert.notEqual(one.base, other.base);
  assert.notEqual(one.uuid, other.uuid);
  for (const firmware of ['bios', 'uefi'] as const) {
    await bootsItsOwn(firmware, one, other);
    await bootsItsOwn(firmware, other, one);
  }
  // What the last two have saved.
  await bootsItsOwn('bios', one, other);
  await bootsItsOwn('uefi', other, one);
});
