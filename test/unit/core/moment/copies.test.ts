import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseCopies } from '../../../../src/core/moment/copies.js';

const files = (sizes: Readonly<Record<string, number>>) =>
  Object.entries(sizes).map(([path, bytes]) => ({ path, bytes }));

test('what changes at any time comes first, the smallest of it; what has no room is named', () => {
  const must = files({ large: 60, small: 10, medium: 30 });
  const may = files({ idle: 5 });
  assert.deepEqual(chooseCopies({ must, may }, new Map(), { most: 50, idle: 100 }), {
    paths: ['small', 'medium', 'idle'],
    left: ['large'],
  });
});

test('others by what has just changed, then by time, as far as a share allows', () => {
  const must = files({ base: 10 });
  const may = files({ latest: 10, earlier: 10, oldest: 10 });
  const grown = new Map([
    ['just-now', 10],
    ['base', 20],
  ]);
  const { paths, left } = chooseCopies({ must, may }, grown, { most: 1000, idle: 20 });
  assert.deepEqual([paths, left], [['base', 'just-now', 'latest'], []]);
});

test('a file that has grown counts as it is by now', () => {
  const found = chooseCopies({ must: files({ log: 1 }), may: [] }, new Map([['log', 51]]), {
    most: 50,
    idle: 50,
  });
  assert.deepEqual(found, { paths: [], left: ['log'] });
});
