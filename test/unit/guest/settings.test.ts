import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSettings } from '../../../src/guest/init/settings.js';

test('without parameters the defaults of the contract hold', () => {
  const settings = readSettings('quiet ro\n');
  assert.deepEqual(settings.ok && settings.value, {
    path: '',
    size: { percent: 50 },
    sizeText: '50%',
    timeout: 30,
    layers: { others: true, wanted: [], unwanted: [], forced: [] },
    init: '/sbin/init',
  });
});

test('every parameter is read, the last one counts', () => {
  const settings = readSettings(
    'mkma_storage_device=/dev/sda mkma_storage_device="LABEL=my disk" mkma_images_path=//a/./b/ mkma_size=6G ' +
      'mkma_timeout=5 mkma_break=layers mkma_layers=a,-b init=/bin/sh',
  );
  assert.deepEqual(settings.ok && settings.value, {
    device: { asked: 'LABEL=my disk', name: { by: 'tag', tag: 'LABEL', value: 'my disk' } },
    path: '/a/b',
    size: { bytes: 6 * 2 ** 30 },
    sizeText: '6G',
    timeout: 5,
    layers: { others: false, wanted: ['a'], unwanted: ['b'], forced: [] },
    breakAt: 'layers',
    init: '/bin/sh',
  });
});

test('volumes to open may be several, each once, and are those that are named', () => {
  const uuid = '1111aaaa-2222-4333-8444-00000000000f';
  const other = uuid.replace('1111', '2222');
  const settings = readSettings(
    `mkma_luks=${uuid} mkma_luks=UUID=${uuid.toUpperCase()} mkma_luks=${other} mkma_lvm=vg/lv mkma_key=LABEL=stick:/k`,
  );
  assert.ok(settings.ok);
  assert.deepEqual(settings.value.opening, {
    luks: [uuid, other],
    lvm: [{ group: 'vg', volume: 'lv' }],
  });
  assert.deepEqual(settings.value.key, {
    ...{ asked: 'LABEL=stick:/k', path: '/k' },
    device: { by: 'tag', tag: 'LABEL', value: 'stick' },
  });
});

test("udev's links, which early boot has not, are understood as the tags they stand for", () => {
  const settings = readSettings(String.raw`mkma_storage_device=/dev/disk/by-partlabel/my\x20part`);
  assert.deepEqual(settings.ok && settings.value.device?.name, {
    by: 'tag',
    tag: 'PARTLABEL',
    value: 'my part',
  });
});

for (const [word, allowed] of [
  ['mkma_storage_device=sda1', /UUID=\.\.\./],
  ['mkma_size=lots', /60%.*6G/],
  ['mkma_timeout=soon', /seconds/],
  ['mkma_timeout=99999', /86400/],
  ['mkma_layers=none,a', /none must stand alone; it must be all, none, or names/],
  ['mkma_luks=/dev/sda2', /UUID of a LUKS header/],
  ['mkma_luks=', /UUID of a LUKS header/],
  ['mkma_lvm=root', /VG\/LV/],
  ['mkma_key=/key', /UUID=\.\.\.:\/machine\.key/],
  ['mkma_break=mountt', /mount, load, layers, handover/],
] as const) {
  test(`${word} is refused, naming it and what is allowed`, () => {
    const settings = readSettings(word);
    assert.equal(settings.ok, false);
    if (settings.ok) return;
    assert.equal(settings.problem.where, word);
    assert.match(settings.problem.why ?? '', allowed);
  });
}
