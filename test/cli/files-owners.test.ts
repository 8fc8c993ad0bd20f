/** Owners of what a definition puts into a tree, and of what cleaning it makes: of root and other users. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { clean, endForbidding } from '../../src/host/customise/customise.js';
import { setVolumes } from '../../src/host/customise/volumes.js';
import { machine, placed, smallTree } from '../unit/host/customise/small-tree.js';

const ANNA = { uid: 1000, gid: 1001 };

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mkma-customise-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('files come with mode and owner, through links of the tree but never out of it', () => {
  symlinkSync('/nowhere', join(folder, 'outside'));
  const { root, problem } = placed(folder, ANNA, {
    '/etc/a': 'text',
    '/etc/b': { content: 'x', mode: '4750', owner: 'anna:www-data' },
    '/lib/c': { content: 'x', owner: 'anna' },
    '/etc/d': { link: '/etc/a' },
    '/srv/e': { folder: true, mode: '0700', owner: '5:6' },
  });
  assert.equal(problem, undefined);
  const facts = (path: string): number[] => {
    const { mode, uid, gid } = statSync(join(root, path));
    return [mode & 0o7777, uid, gid];
  };
  assert.deepEqual(
    [facts('etc/a'), facts('etc/b')],
    [
      [0o644, 0, 0],
      [0o4750, 1000, 33],
    ],
  );
  // A group that is not named is the user's.
  assert.deepEqual(
    [facts('usr/lib/c'), facts('srv/e')],
    [
      [0o644, 1000, 1001],
      [0o700, 5, 6],
    ],
  );
  assert.equal(readlinkSync(join(root, 'etc/d')), '/etc/a');
  assert.equal(statSync(join(root, 'etc/a')).mtimeMs, 1_000_000);
});

test("volumes in RAM: lines of fstab, and folders that are their owner's on the way through a home", () => {
  const tree = smallTree(folder, ANNA);
  writeFileSync(join(tree.root, 'etc/fstab'), '# none\n');
  const ramVolumes = {
    '/var/lib/containers': { size: '30%' },
    '/home/anna/.local/my store': { size: '512M', mode: '0700', owner: 'anna' },
    '/var/lib/docker': false,
    // Whose home is /: no folder on the way is its own.
    '/var/cache/of/sync': { size: '1G', owner: 'sync' },
  } as const;
  assert.ok(setVolumes(tree, machine({ ramVolumes })).ok);
  assert.equal(
    readFileSync(join(tree.root, 'etc/fstab'), 'utf8'),
    `# none
# Volumes in RAM of the definition.
tmpfs /home/anna/.local/my\\040store tmpfs size=512M,mode=0700,uid=1000,gid=1001,nodev 0 0
tmpfs /var/cache/of/sync tmpfs size=1G,mode=0755,uid=998,gid=998,nodev 0 0
tmpfs /var/lib/containers tmpfs size=30%,mode=0755,uid=0,gid=0,nodev 0 0
`,
  );
  const owners = ['home', 'home/anna/.local', 'home/anna/.local/my store', 'var/lib/containers'];
  assert.deepEqual(
    owners.map((path) => statSync(join(tree.root, path)).uid),
    [0, 1000, 1000, 0],
  );
  assert.deepEqual(
    ['var/cache/of', 'var/cache/of/sync'].map((path) => statSync(join(tree.root, path)).uid),
    [0, 998],
  );
  assert.ok(!existsSync(join(tree.root, 'ar')));
  const missing = setVolumes(tree, machine({ ramVolumes: { '/srv/x': { size: '1G', owner: 'ben' } } }));
  assert.ok(!missing.ok && missing.problem.code === 'no-such-owner');
});

test('a folder is copied with what it holds; folders that are there stay as they are', () => {
  const from = join(folder, 'from');
  mkdirSync(join(from, 'sub'), { recursive: true, mode: 0o750 });
  writeFileSync(join(from, 'sub/run'), '#!/bin/sh\n', { mode: 0o755 });
  symlinkSync('run', join(from, 'sub/link'));
  chmodSync(from, 0o777);
  const { root } = placed(folder, ANNA, { '/etc': { from, owner: 'anna' }, '/etc/removed': 'x' });
  assert.equal(statSync(join(root, 'etc')).uid, 0);
  assert.equal(statSync(join(root, 'etc')).mode & 0o777, 0o755);
  assert.deepEqual(
    [statSync(join(root, 'etc/sub')).mode & 0o777, statSync(join(root, 'etc/sub')).uid],
    [0o750, 1000],
  );
  assert.deepEqual(
    [statSync(join(root, 'etc/sub/run')).mode & 0o777, lstatSync(join(root, 'etc/sub/link')).uid],
    [0o755, 1000],
  );
});

test('cleaning a tree: what never gets into a base goes, but for what the definition puts there', () => {
  const at = smallTree(folder, ANNA);
  const put = (path: string): void => {
    mkdirSync(join(at.root, path, '..'), { recursive: true });
    writeFileSync(join(at.root, path), 'x');
  };
  const gone = [
    'tmp/a/b',
    'run/mkma/policy-rc.d',
    'etc/ssh/ssh_host_rsa_key',
    'etc/apt/sources.list',
    'boot/x',
  ];
  const stay = ['tmp/c/mine', 'etc/ssh/ssh_host_ed25519_key', 'tmp/from/x', 'root/.bashrc'];
  mkdirSync(join(folder, 'from'));
  for (const path of [...gone, ...stay, 'tmp/from/y', 'tmp/c/other', 'etc/machine-id']) put(path);
  writeFileSync(join(folder, 'from/x'), 'x');
  const files = {
    ...{
      '/tmp/c/mine': 'x',
      '/etc/ssh/ssh_host_ed25519_key': 'x',
      '/tmp/from': { from: join(folder, 'from') },
    },
    '/boot/x': { remove: true as const },
  };
  clean(at, machine({ files }));
  endForbidding(at.files);
  const there = (path: string): boolean => existsSync(join(at.root, path));
  assert.deepEqual([...gone, 'tmp/from/y', 'tmp/c/other'].filter(there), []);
  assert.deepEqual(
    stay.filter((path) => !there(path)),
    [],
  );
  assert.equal(readFileSync(join(at.root, 'etc/machine-id'), 'utf8'), '');
  assert.equal(readlinkSync(join(at.root, 'usr/sbin/policy-rc.d')), '/run/mkma/policy-rc.d');
});
