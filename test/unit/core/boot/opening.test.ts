import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  kindsOf,
  logicalVolumeOf,
  openingOf,
  openingParameters,
  parseKeyFile,
  parseLogicalVolume,
  parseLuksUuid,
} from '../../../../src/core/boot/opening.js';
import { mapperNameOf } from '../../../../src/guest/storage/lvm.js';

const UUID = '1111aaaa-2222-4333-8444-00000000000f';

test('a header is named by its UUID, in either case, with or without the tag', () => {
  for (const text of [UUID, UUID.toUpperCase(), `UUID=${UUID}`]) assert.equal(parseLuksUuid(text), UUID);
  for (const text of ['', '/dev/sda2', 'LABEL=x', `${UUID}0`, UUID.slice(1)]) {
    assert.equal(parseLuksUuid(text), undefined, text);
  }
});

test('a logical volume is a group and a volume, as lvm names them', () => {
  assert.deepEqual(parseLogicalVolume('box-vg/root'), { group: 'box-vg', volume: 'root' });
  for (const text of ['', 'vg', 'vg/', '/lv', 'a/b/c', '-vg/lv', 'vg/..', 'v g/lv', '/dev/vg/lv']) {
    assert.equal(parseLogicalVolume(text), undefined, text);
  }
});

test('names in /dev/mapper lead to the volume, and hidden volumes to none', () => {
  for (const volume of [
    { group: 'vg', volume: 'root' },
    { group: 'box-vg', volume: 'images-lv' },
    { group: 'a--b', volume: 'c' },
  ]) {
    assert.deepEqual(logicalVolumeOf(mapperNameOf(volume)), volume);
  }
  for (const name of ['root', 'vg-root-real', 'vg--root']) {
    assert.equal(logicalVolumeOf(name), undefined, name);
  }
});

test('a key file is a device and an absolute path on it', () => {
  assert.deepEqual(parseKeyFile('UUID=1234-ABCD:/keys/box'), {
    asked: 'UUID=1234-ABCD:/keys/box',
    device: { by: 'tag', tag: 'UUID', value: '1234-ABCD' },
    path: '/keys/box',
  });
  for (const text of ['', '/keys/box', 'UUID=1234', 'UUID=1234:keys', 'UUID=1:/a/../../b', 'UUID=1:/']) {
    assert.equal(parseKeyFile(text), undefined, text);
  }
});

test('what is opened becomes parameters, and is read from them', () => {
  const opening = { luks: [UUID], lvm: [{ group: 'vg', volume: 'lv' }] };
  const parameters = openingParameters(opening);
  assert.deepEqual(parameters, [
    { name: 'mkma_luks', value: UUID },
    { name: 'mkma_lvm', value: 'vg/lv' },
  ]);
  assert.deepEqual(openingOf([{ name: 'quiet' }, ...parameters]), opening);
  assert.deepEqual(kindsOf(opening), ['luks', 'lvm']);
  assert.deepEqual(kindsOf(openingOf([{ name: 'mkma_luks' }])), []);
});
