import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TreeEntry } from '../../../../src/core/archive/tree.js';
import { uuidOf } from '../../../../src/host/pack/erofs.js';

const FILE: TreeEntry = {
  ...{
    path: 'a',
    type: 'f',
    mode: 0o644,
    uid: 0,
    gid: 0,
    nlink: 1,
    fileSystem: '30',
    ino: '1',
    size: 1,
    mtime: 100,
  },
  ...{ changed: '', allocated: 0, target: '' },
};
const FOLDER: TreeEntry = { ...FILE, path: 'b', type: 'd', size: 4096 };
const LINK: TreeEntry = { ...FILE, path: 'c', type: 'l', target: 'a' };

test('the UUID is of version 8, and of what the tree is: all that differs in the file system differs in it', () => {
  const tree = [FILE, FOLDER, LINK];
  const uuid = uuidOf(tree);
  assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  for (const other of [{ size: 2 }, { mtime: 101 }, { mode: 0o600 }, { uid: 1 }, { path: 'aa' }]) {
    assert.notEqual(uuidOf([{ ...FILE, ...other }, FOLDER, LINK]), uuid, JSON.stringify(other));
  }
  assert.notEqual(uuidOf([FILE, FOLDER, { ...LINK, target: 'b' }]), uuid);
});

test('times count up to the epoch alone; sizes that only a file system gives do not count, nor inode numbers', () => {
  const later = { ...FILE, mtime: 2000 };
  assert.equal(uuidOf([later], 500), uuidOf([{ ...FILE, mtime: 600 }], 500));
  assert.notEqual(uuidOf([later], 500), uuidOf([FILE], 500));
  assert.equal(uuidOf([{ ...FOLDER, size: 8192, ino: '7' }]), uuidOf([FOLDER]));
});
