import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSeconds } from '../../../../src/core/text/seconds.js';

test('lengths of time', () => {
  const given = ['3', '3s', '0.5s', '500ms', '0', '', 's', '-1', '1h', '1e3', ' 3', '3 s'];
  assert.deepEqual(given.map(parseSeconds), [3, 3, 0.5, 0.5, 0, ...Array(7).fill(undefined)]);
});
