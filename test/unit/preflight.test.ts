/** What is missing is said before anything starts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusal } from '../preflight.js';

const host = { root: true, freeBytes: 100 * 2 ** 30, qemu: true };
const bare = { root: false, freeBytes: 0, qemu: false };

test('unit and contract tests need nothing', () => {
  assert.equal(refusal({ kinds: ['unit', 'contract'], all: false }, bare), undefined);
});

test('all others need root and room, machines QEMU as well', () => {
  const run = { kinds: ['unit', 'vm'], all: false };
  assert.equal(refusal(run, host), undefined);
  assert.match(
    refusal(run, { ...host, root: false }) ?? '',
    /^tests of unit, vm need root, .*: sudo \.\/test\/run$/,
  );
  assert.match(refusal(run, { ...host, qemu: false }) ?? '', /need QEMU: apt-get install .*qemu-system-x86/);
  assert.equal(refusal({ kinds: ['cli'], all: false }, { ...host, qemu: false }), undefined);
  assert.equal(
    refusal(run, { ...host, freeBytes: 2 ** 30 }),
    'no room in .test: 1.0 GiB are free, about 6.0 GiB are needed',
  );
  assert.match(refusal({ ...run, all: true }, { ...host, freeBytes: 8 * 2 ** 30 }) ?? '', /about 16\.0 GiB/);
});
