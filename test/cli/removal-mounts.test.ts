/** Removing trees with real mounts in them: nothing across a mount is removed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Problem } from '../../src/core/result.js';
import { apart } from './apart.js';

/** A folder that must keep what it has, and a tree beside it. */
const FOLDERS =
  'mkdir -p host/deep tree/a/b; echo 1 > host/precious; echo 2 > host/deep/file; echo 3 > tree/own';
const KEPT = ['host', 'host/deep', 'host/deep/file', 'host/precious'];
const REMOVE = `
const { removeTree } = await $('host/sys/remove.js');
const attempt = (path, within) => {
  try {
    removeTree(path, within);
  } catch (cause) {
    return cause.problem ?? { code: cause.code, what: cause.message };
  }
};
const list = (where) => sh('find ' + where + ' | LC_ALL=C sort').split('\\n').filter(Boolean);
`;

interface Tried {
  readonly first?: Problem;
  readonly before?: readonly string[];
  readonly left: readonly string[];
  readonly kept: readonly string[];
  readonly again?: Problem;
  readonly end: string;
}

const cases: readonly { readonly name: string; readonly mount: string; readonly undo: string }[] = [
  {
    name: 'a folder of the same file system',
    mount: 'mount --bind host tree/a/b',
    undo: 'umount tree/a/b',
  },
  { name: 'a tmpfs', mount: 'mount -t tmpfs none tree/a/b', undo: 'umount tree/a/b' },
  {
    name: 'a file',
    mount: 'touch tree/a/f; mount --bind host/precious tree/a/f',
    undo: 'umount tree/a/f',
  },
  {
    name: 'one in another',
    mount: 'mount --bind host tree/a/b; mount -t tmpfs none tree/a/b/deep',
    undo: 'umount -R tree/a/b',
  },
  {
    name: 'one over another',
    mount: 'mount --bind host tree/a/b; mount --bind host tree/a/b',
    undo: 'umount tree/a/b tree/a/b',
  },
  { name: 'the tree itself', mount: 'mount --bind host tree', undo: 'umount tree' },
  {
    name: 'a name that mountinfo and shells have to quote',
    mount: `n="$(printf "tree/a \\\\\\\\ # \\\\t \\\\n' \\\\377")"; mkdir "$n"; mount --bind host "$n"`,
    undo: 'umount tree/a?*',
  },
];

for (const { name, mount, undo } of cases) {
  test(`nothing is removed where something is mounted: ${name}`, () => {
    const tried = apart(
      `${FOLDERS}; ${mount}`,
      `${REMOVE}
      const before = list('tree -xdev');
      const first = attempt('tree');
      const [left, kept] = [list('tree -xdev'), list('host')];
      sh(first.next.replace(/^.*?: /, '').startsWith('umount') ? ${JSON.stringify(undo)} : 'false');
      const again = attempt('tree');
      say({ before, first, left, kept, again, end: sh('ls') });`,
    ) as Tried;
    assert.equal(tried.first?.code, 'mount-in-tree', JSON.stringify(tried));
    assert.deepEqual(tried.kept, KEPT);
    assert.ok(tried.left.length > 1, String(tried.left));
    assert.deepEqual(tried.left, tried.before);
    assert.equal(tried.again, undefined);
    assert.equal(tried.end, 'host\n');
  });
}

test('the command that a refusal names unmounts it, whatever the name is', () => {
  const odd = cases.at(-1)?.mount;
  const tried = apart(
    `${FOLDERS}; ${odd}`,
    `${REMOVE}
    const first = attempt('tree');
    execFileSync('bash', ['-c', first.next.replace(/^[^:]*: /, '')]);
    say({ first, left: [], kept: list('host'), again: attempt('tree'), end: sh('ls') });`,
  ) as Tried;
  assert.deepEqual(tried.kept, KEPT);
  assert.equal(tried.again, undefined, JSON.stringify(tried));
  assert.equal(tried.end, 'host\n');
  assert.match(tried.first?.why ?? '', /is \/tmp\/.*host \(tmpfs of none\)/);
});

for (const [at, mount] of [
  ['b', 'mount --bind host tree/a/b'],
  ['a', 'mount --bind host/deep tree/a'],
  ['tree', 'mount --bind host tree'],
] as const) {
  test(`what is mounted once the removal runs is kept, too: ${mount}`, () => {
    const tried = apart(
      FOLDERS,
      `${REMOVE}
      // At the last moment, when that folder is opened to be emptied: fs as the module under test sees it.
      const { default: fs } = await import('node:fs');
      const { syncBuiltinESMExports } = await import('node:module');
      const { openSync } = fs;
      let mounted = 0;
      fs.openSync = (...given) => {
        const last = /^\\/proc\\/self\\/fd\\/\\d+\\/${at}$/.test(String(given[0]));
        if (last && mounted++ === 0) sh(${JSON.stringify(mount)});
        return openSync(...given);
      };
      syncBuiltinESMExports();
      const first = attempt('tree');
      say({ first, mounted, left: [], kept: list('host'), end: sh('findmnt -n -o TARGET -R . | wc -l') });`,
    ) as Tried & { readonly mounted: number };
    assert.equal(tried.mounted, 1);
    assert.equal(tried.first?.code, 'mount-in-tree', JSON.stringify(tried));
    assert.deepEqual(tried.kept, KEPT);
    assert.equal(tried.end, '2\n');
  });
}

test('a path in a tree has to lie on its mount', () => {
  const tried = apart(
    `${FOLDERS}; mount --bind host tree/a/b`,
    `${REMOVE} say({ first: attempt('tree/a/b/precious', 'tree'), left: [], kept: list('host'), end: sh('ls') });`,
  ) as Tried;
  assert.equal(tried.first?.code, 'mount-in-tree');
  assert.deepEqual(tried.kept, KEPT);
});

test('a tree on a mount of its own is removed, a mount beside it or hidden in it does not count', () => {
  const tried = apart(
    `mkdir -p disk host out; echo 1 > host/precious; mount -t tmpfs none disk; mkdir -p disk/tree/a disk/other
    mount --bind host disk/other
    mkdir -p out/tree/a; mount --bind host out/tree/a; mount -t tmpfs none out; mkdir -p out/tree/a`,
    `${REMOVE} const first = attempt('disk/tree') ?? attempt('out/tree');
    say({ first, left: list('disk out'), kept: list('host'), end: sh('ls') });`,
  ) as Tried;
  assert.equal(tried.first, undefined);
  assert.deepEqual(tried.left, ['disk', 'disk/other', 'disk/other/precious', 'out']);
  assert.deepEqual(tried.kept, ['host', 'host/precious']);
});
