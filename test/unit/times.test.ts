/** What a run prints of its times. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kindOf, Times } from '../times.js';

test('the kind is the folder', () => {
  assert.equal(kindOf('/x/dist/test/unit/core/a.test.js'), 'unit');
  assert.equal(kindOf('/x/dist/test/vm/a.test.js'), 'vm');
});

test('the slowest ten, sums by kind, and what was skipped with its reason', () => {
  const times = new Times();
  for (let i = 0; i < 12; i++) {
    times.add({ name: `n${i}`, file: '/x/dist/test/unit/a.test.js', milliseconds: i * 1000 });
  }
  times.add({ name: 'no', file: '/x/dist/test/cli/b.test.js', milliseconds: 0, skip: 'no KVM here' });
  const lines = times.lines();
  assert.deepEqual(lines.slice(0, 4), ['', 'slowest:', '    11.0 s  unit/a: n11', '    10.0 s  unit/a: n10']);
  assert.equal(lines.filter((line) => line.includes('unit/a:')).length, 10);
  assert.ok(lines.includes('    66.0 s  unit: 12 tests') && lines.includes('     0.0 s  cli: 1 test'));
  assert.ok(lines.includes('  no: no KVM here'));
});
