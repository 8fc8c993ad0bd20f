/** What blkid prints about a device. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTags } from '../../../../src/core/boot/blkid.js';

test('a value is all behind the first equals sign, with its special characters', () => {
  const tags = parseTags('DEVNAME=/dev/sda1\nLABEL=my\\ label=x\nTYPE=ext4\n');
  assert.deepEqual(tags, { DEVNAME: '/dev/sda1', LABEL: 'my label=x', TYPE: 'ext4' });
  assert.deepEqual(parseTags(''), {});
});
