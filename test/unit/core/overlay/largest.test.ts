import assert from 'node:assert/strict';
import { test } from 'node:test';
import { largestParts, type Sized } from '../../../../src/core/overlay/largest.js';

/** Sizes of files, and of the folders above them, as du(1) sums them. */
function sizes(files: Record<string, number>): Sized[] {
  const all = new Map<string, number>();
  for (const [path, bytes] of Object.entries(files)) {
    for (let at = path; ; at = at.slice(0, at.lastIndexOf('/'))) {
      all.set(at, (all.get(at) ?? 0) + bytes);
      if (!at.includes('/')) break;
    }
    all.set('.', (all.get('.') ?? 0) + bytes);
  }
  return [...all].map(([path, bytes]) => ({ path, bytes }));
}

test('a folder is told where its bytes lie in many places, what holds most of it where they do not', () => {
  const debs = { 'var/cache/apt/archives/a.deb': 60, 'var/cache/apt/archives/b.deb': 70 };
  const lists = { 'var/lib/apt/lists/x': 30, 'var/lib/apt/lists/y': 30 };
  const tree = sizes({ ...debs, ...lists, 'root/one': 40, 'usr/bin/p': 8, 'usr/share/q': 8, 'etc/empty': 0 });
  assert.deepEqual(largestParts(tree, 9), [
    // b.deb has more than half of its folder.
    { path: 'var/cache/apt/archives/b.deb', bytes: 70 },
    { path: 'var/lib/apt/lists', bytes: 60 },
    { path: 'var/cache/apt/archives/a.deb', bytes: 60 },
    { path: 'root/one', bytes: 40 },
    { path: 'usr', bytes: 16 },
  ]);
  assert.equal(largestParts(tree, 2).length, 2);
});

test('the root is never told, and nothing twice', () => {
  const even = sizes({ 'a/x': 5, 'a/y': 5, 'b/x': 5, 'b/y': 5 });
  assert.deepEqual(
    largestParts(even, 9).map(({ path }) => path),
    ['a', 'b'],
  );
  assert.deepEqual(largestParts([{ path: '.', bytes: 0 }], 5), []);
});
