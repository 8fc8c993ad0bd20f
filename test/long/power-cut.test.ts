import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutPower } from '../vm/power-cuts.js';

test('the power goes while changes are saved: the next boot has all of them or none (cli/persist-power does it by the hundred without a machine, test/power-cut with one)', async (t) => {
  const { kills, old, new: whole } = await cutPower(3, (line) => t.diagnostic(line));
  assert.deepEqual([kills, old + whole], [3, 3]);
});
