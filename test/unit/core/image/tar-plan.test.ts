/** A planned layer as tar has it: content before its other names, whiteouts with what makes the kernel look for them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planArchive } from '../../../../src/core/image/archive-plan.js';
import { tarRecords } from '../../../../src/core/image/tar-plan.js';
import { entry, tree } from '../entry.js';

test('the name with the content comes first, with the attributes of the file; others lead to it', () => {
  const names = { nlink: 3, ino: '7', size: 5 };
  const plan = planArchive(
    tree('etc/', entry('etc/a', names), entry('etc/b', names), entry('srv/c', names)),
    new Map(),
    {
      attributes: [{ path: 'etc/a', values: { 'user.note': 'eA==' } }],
    },
  );
  assert.ok(plan.ok);
  const records = tarRecords(plan.value, []);
  assert.deepEqual(
    records.map(({ path, link = '-', data, size, attributes }) => [path, link, data, size, attributes]),
    [
      ['.', '-', 'none', 0, undefined],
      ['etc', '-', 'none', 0, undefined],
      ['srv', '-', 'none', 0, undefined],
      ['srv/c', '-', 'file', 5, { 'user.note': 'eA==' }],
      ['etc/a', 'srv/c', 'none', 0, undefined],
      ['etc/b', 'srv/c', 'none', 0, undefined],
    ],
  );
});

test('a deletion is a device 0:0, and its folder says that it has some; the root is always merged', () => {
  const plan = planArchive(tree('etc/', 'etc/a'), new Map(), {
    attributes: [{ path: 'etc', values: { 'user.note': 'eA==' } }],
  });
  assert.ok(plan.ok);
  const records = tarRecords(plan.value, ['etc/gone', 'opt']);
  assert.deepEqual(
    records.slice(-2).map(({ path, mode, rdevMajor, rdevMinor }) => [path, mode, rdevMajor, rdevMinor]),
    [
      ['etc/gone', 0o020000, 0, 0],
      ['opt', 0o020000, 0, 0],
    ],
  );
  assert.deepEqual(
    records.map(({ attributes }) => attributes).filter((values) => values !== undefined),
    [{ 'user.note': 'eA==', 'trusted.overlay.origin': '' }],
  );
});
