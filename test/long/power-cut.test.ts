import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutPower } from '../vm/power-cuts.js';

test('the power goes while changes are saved: the next boot has all of them or none (test/power-cut does it more often)', async (t) => {
  const { kills, old, new: whole } = await cutPower(4, (line) => t.diagnostic(line));
  assert.deepEqual([kills, old + whole], [4, 4]);
});
