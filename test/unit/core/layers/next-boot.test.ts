import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyImage } from '../../../../src/core/image/problems.js';
import { asThisBoot, lackOf, nextBootOf, ramOf } from '../../../../src/core/layers/next-boot.js';
import { parseLayerSelection } from '../../../../src/core/set/layer-names.js';
import { RECORD } from '../../guest/mkma/booted.js';
import { BASE } from '../sample.js';
import { layer, stored } from './make.js';

function selection(text: string) {
  const parsed = parseLayerSelection(text);
  assert.ok(parsed.ok);
  return parsed.value;
}

const DAMAGED = { problem: emptyImage('base.cpio.zst', 'copy it again') };
const there = stored(layer('a', {}), layer('b', {}, { disabled: true }), layer('c', {}, DAMAGED), layer('d'));

test('the base and the layers that early boot will take', () => {
  const next = nextBootOf({ ...there, selection: selection('all') }, RECORD);
  const names = BASE.segments.reduce((sum, { records }) => sum + records, 0);
  const needs = { unpackedBytes: BASE.unpackedBytes, names };
  assert.deepEqual(next, [
    { name: 'base', ...needs },
    { name: 'a', ...needs },
    // Made by hand: nobody knows.
    { name: 'd' },
  ]);
  assert.equal(ramOf(next), 2 * BASE.unpackedBytes);
});

test('what the boot loader leaves out is not counted', () => {
  const names = (text: string): string[] =>
    nextBootOf({ ...there, selection: selection(text) }, RECORD).map(({ name }) => name);
  assert.deepEqual(names('-a'), ['base', 'd']);
  assert.deepEqual(names('none'), ['base']);
});

test('of a layer without a manifest this boot has found out what it takes', () => {
  const one = { kind: 'layer', layer: 'd', file: '/img/d', verified: false, seconds: 1 } as const;
  const record = { ...RECORD, images: [...RECORD.images, { ...one, bytes: 100, unpackedBytes: 4096 }] };
  assert.deepEqual(nextBootOf({ ...there, selection: selection('all') }, record).at(-1), {
    name: 'd',
    unpackedBytes: 4096,
  });
  // Another file of that name.
  const other = { ...RECORD, images: [...RECORD.images, { ...one, bytes: 99, unpackedBytes: 4096 }] };
  assert.deepEqual(nextBootOf({ ...there, selection: selection('all') }, other).at(-1), { name: 'd' });
});

test('a base that is gone counts as what this boot has loaded', () => {
  const next = nextBootOf({ layers: [] }, RECORD);
  const { unpackedBytes, inodes: names } = RECORD.images[0] ?? {};
  assert.deepEqual(next, [{ name: 'base', unpackedBytes, names }]);
  assert.deepEqual(asThisBoot(RECORD), next);
});

test('the running system has its part of the RAM', () => {
  const lack = (unpackedBytes: number) => lackOf([{ name: 'base', unpackedBytes }], RECORD);
  assert.equal(lack(RECORD.ramBytes - 32 * 2 ** 20), undefined);
  assert.deepEqual(lack(RECORD.ramBytes - 32 * 2 ** 20 + 1), { fileSystem: 1, ram: 0 });
});

test('so many names take RAM of their own, whatever the RAM file system has', () => {
  const record = { ...RECORD, availableBytes: 500 * 2 ** 20 };
  const lack = (names: number) => lackOf([{ name: 'base', unpackedBytes: 300 * 2 ** 20, names }], record);
  assert.equal(lack(168 * 1024), undefined);
  assert.deepEqual(lack(168 * 1024 + 1), { fileSystem: 0, ram: 1024 });
});
