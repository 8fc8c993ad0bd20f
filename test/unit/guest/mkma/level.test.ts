import assert from 'node:assert/strict';
import { test } from 'node:test';
import { levelFor } from '../../../../src/guest/mkma/persist/level.js';

test('the highest level that takes about ten seconds, by size and processors; a low one above 500 MB', () => {
  const two = [1e3, 40e6, 41e6, 119e6, 179e6, 400e6, 500e6, 501e6].map((bytes) => levelFor('cpio', bytes, 2));
  assert.deepEqual(two, [19, 19, 17, 15, 13, 12, 10, 3]);
  assert.equal(levelFor('cpio', 300e6, 16), 19);
  assert.equal(levelFor('cpio', 400e6, 1), 3);
  assert.equal(levelFor('erofs', 1e3, 2), 3);
});
