import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whereOwnersAre } from '../../../../src/host/sys/files.js';

const failing = (code: string) => () => {
  throw Object.assign(new Error(code), { code });
};

test('a file system without owners is no reason to fail, but only for root, who may change owners', () => {
  whereOwnersAre(failing('EPERM'), true);
  assert.throws(() => whereOwnersAre(failing('EROFS'), true), /EROFS/);
  assert.throws(() => whereOwnersAre(failing('EPERM'), false), /EPERM/);
});
