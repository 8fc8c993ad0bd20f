import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TreeEntry } from '../../../../src/core/archive/tree.js';
import { planArchive, withCopies } from '../../../../src/core/image/archive-plan.js';
import { splitDevice } from '../../../../src/host/pack/scan.js';

let inode = 100;
function entry(path: string, fields: Partial<TreeEntry> = {}): TreeEntry {
  inode++;
  const ino = String(inode);
  return {
    path,
    type: 'f',
    mode: 0o644,
    uid: 0,
    gid: 0,
    nlink: 1,
    fileSystem: '30',
    ino,
    size: 10,
    mtime: 5,
    target: '',
    changed: '',
    allocated: 0,
    ...fields,
  };
}

/** Plan a tree whose root has inode number 1 and is the only directory, unless the tree says otherwise. */
function plan(tree: TreeEntry[], options = {}) {
  const root = tree.some(({ path }) => path === '.') ? [] : [entry('.', { type: 'd' })];
  const planned = planArchive([...root, ...tree], new Map(), options);
  assert.ok(planned.ok, JSON.stringify(planned));
  return { ...planned.value, segments: planned.value.segments.slice(root.length) };
}

test('directories come first, in a segment of their own; inodes of a segment are numbered in a row', () => {
  const got = plan([entry('.', { type: 'd' }), entry('a'), entry('b', { type: 'd' }), entry('b/c')]);
  const [folders, files] = got.segments.map(({ records }) => records[0]?.ino ?? 0) as [number, number];
  assert.notEqual(folders, files);
  assert.deepEqual(
    got.segments.map((segment) => segment.records.map((record) => [record.path, record.ino])),
    [
      [
        ['.', folders],
        ['b', folders + 1],
      ],
      [
        ['a', files],
        ['b/c', files + 1],
      ],
    ],
  );
});

test('names of one inode stay together, with the content at the last, and count once', () => {
  const link = { ino: '7', nlink: 3, size: 5000 };
  const got = plan([entry('a', link), entry('b'), entry('z', link)], { segmentTarget: 1 });
  assert.deepEqual(
    got.segments.map((segment) =>
      segment.records.map(({ path, nlink, size, data }) => [path, nlink, size, data]),
    ),
    [
      // Two of its three names are in the tree: two is what the archive says.
      [
        ['a', 2, 0, 'none'],
        ['z', 2, 5000, 'file'],
      ],
      [['b', 1, 10, 'file']],
    ],
  );
  const [a, z, b] = got.segments.flatMap(({ records }) => records.map(({ ino }) => ino));
  assert.equal(a, z);
  assert.notEqual(a, b);
  assert.equal(got.inodes, 3);
  assert.equal(got.unpackedBytes, 8192 + 4096);
});

test('a file of 4 GiB is refused by name, all of them; one byte less is not', () => {
  const refused = planArchive([entry('a', { size: 2 ** 32 }), entry('b\n', { size: 2 ** 33 })], new Map());
  assert.ok(!refused.ok);
  assert.equal(refused.problem.what, 'a newc archive cannot hold a file of 4 GiB or more');
  assert.equal(refused.problem.where, '/a, /"b\\n"');
  assert.ok(!planArchive([entry('a', { size: 2 ** 32 })], new Map()).ok);
  assert.equal(plan([entry('a', { size: 2 ** 32 - 1 })]).segments[0]?.records[0]?.size, 2 ** 32 - 1);
});

test('a path too long for newc is refused', () => {
  const refused = planArchive([entry('x'.repeat(4096))], new Map());
  assert.ok(!refused.ok);
  assert.match(refused.problem.what, /path of 4096 bytes or more/);
});

test('sockets are left out and named', () => {
  const got = plan([entry('a'), entry('run/x', { type: 's' })]);
  assert.deepEqual(got.sockets, ['run/x']);
  assert.equal(got.inodes, 2);
});

test('time stamps fit newc, and no later than asked for', () => {
  const times = [-5, 2 ** 33, 1000, 10].map((mtime, i) => entry(String(i), { mtime }));
  const mtimes = (options: object) => plan(times, options).segments[0]?.records.map((record) => record.mtime);
  assert.deepEqual(mtimes({}), [0, 0xffffffff, 1000, 10]);
  assert.deepEqual(mtimes({ latestMtime: 100 }), [0, 100, 100, 10]);
});

test('device numbers are split as the kernel packs them', () => {
  assert.deepEqual(splitDevice(0x801), { major: 8, minor: 1 });
  // major 259, minor 70000, as glibc's makedev() gives it
  assert.deepEqual(splitDevice((70000 & 0xff) | (259 << 8) | ((70000 & 0xffffff00) * 4096)), {
    major: 259,
    minor: 70000,
  });
});

test('copies are used of files in the tree that have their size', () => {
  const linked = { ino: '7', nlink: 2 };
  const tree = [
    entry('.', { type: 'd' }),
    entry('copied', { size: 5 }),
    entry('grown', { size: 5 }),
    entry('first', { size: 5, ...linked }),
    entry('second', { size: 5, ...linked }),
    entry('seen', { size: 5, ino: 'view:1:2' }),
    entry('empty', { size: 0 }),
  ];
  const planned = planArchive(tree, new Map());
  assert.ok(planned.ok);
  const copies = new Map([
    ...[...['copied', 'first', 'second', 'seen'].map((path) => [path, 5] as const)],
    ...([
      ['grown', 6],
      ['empty', 0],
    ] as const),
  ]);
  const marked = withCopies(planned.value, copies).segments.flatMap(({ records }) =>
    records.flatMap(({ path, found }) => (found?.copied ? [path] : [])),
  );
  assert.deepEqual(marked, ['copied', 'second', 'empty']);
  assert.equal(withCopies(planned.value, new Map()), planned.value);
});
