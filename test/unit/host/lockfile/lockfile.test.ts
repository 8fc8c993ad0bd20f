import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { changeLines, misfits, packageChanges } from '../../../../src/host/lockfile/compare.js';
import { readLock, writeLock } from '../../../../src/host/lockfile/file.js';
import {
  digestOfPart,
  type LockedPackage,
  type Lockfile,
  renderLock,
} from '../../../../src/host/lockfile/schema.js';
import { addressIn, keptName, snapshotPlaces } from '../../../../src/host/lockfile/sources.js';

const one = (name: string, version: string, more: Partial<LockedPackage> = {}): LockedPackage => ({
  ...{ name, version, arch: 'amd64', from: 'main', suite: 'trixie', path: `pool/${name}.deb`, size: 5 },
  ...{ sha256: 'a'.repeat(64), parts: ['packages'], ...more },
});
const lockOf = (...packages: LockedPackage[]): Lockfile => ({
  ...{ format: 1, mkma: '1', time: '2026-11-29T00:53:14Z', architecture: 'amd64', hostname: 'x' },
  parts: [
    { name: 'packages', inputs: { suite: 'trixie', packages: 'curl nano', repositories: 'ab'.repeat(10) } },
  ],
  releases: [
    { from: 'main', suite: 'trixie', codename: 'trixie', archive: 'stable', date: '2026-11-20T10:00:00Z' },
  ],
  ...{ keys: {}, accounts: { users: { www: 33 }, groups: {}, subuid: {}, subgid: {} }, packages },
});

function inFolder(work: (path: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'mkma-lock-'));
  try {
    work(join(folder, 'mkma.lock'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a lock is read as it was written, in one order, one package a line', () => {
  inFolder((path) => {
    const lock = lockOf(one('zlib', '1'), one('curl', '8.14.1-2', { sha1: 'b'.repeat(40), required: true }));
    assert.equal(writeLock(path, lock), true);
    const read = readLock(path);
    assert.ok(read.ok && read.value !== undefined);
    const names = readFileSync(path, 'utf8').match(/^ {4}\{"name":"\w+"/gm);
    assert.deepEqual(names, ['    {"name":"curl"', '    {"name":"zlib"']);
    assert.equal(renderLock(read.value), renderLock(lock));
    assert.equal(writeLock(path, read.value), false);
  });
});

test('what was edited by hand is named', () => {
  const cases: readonly [(text: string) => string, string, RegExp][] = [
    [(text) => text.slice(0, -3), 'lock-invalid', /JSON/],
    [(text) => text.replace('"format": 1', '"format": 9'), 'lock-format', /has the format 9/],
    [(text) => text.replace('"size":5', '"size":"5"'), 'lock-invalid', /^package curl size: /],
    [(text) => text.replace('pool/curl', '../curl'), 'lock-invalid', /^package curl path: /],
    [(text) => text.replace('"name":"curl"', '"name":"curl $(id)"'), 'lock-invalid', /name of a package/],
    [(text) => text.replace('"parts":["packages"]', '"parts":["p"]'), 'lock-invalid', /the part p, which/],
    [(text) => text.replace('"from":"main"', '"form":"main"'), 'lock-invalid', /form/],
  ];
  for (const [edit, code, why] of cases) {
    inFolder((path) => {
      writeFileSync(path, edit(renderLock(lockOf(one('curl', '8')))));
      const read = readLock(path);
      assert.ok(!read.ok, edit.toString());
      assert.deepEqual([read.problem.code, read.problem.kind], [code, 'usage']);
      assert.match(read.problem.why ?? '', why);
    });
  }
  inFolder((path) => {
    writeFileSync(path, renderLock(lockOf(one('curl', '8'), one('curl', '9'))));
    const read = readLock(path);
    assert.match(read.ok ? '' : (read.problem.why ?? ''), /curl has two versions in the part packages: 8, 9/);
  });
});

test('what a lock does not answer is named by part', () => {
  const lock = lockOf();
  const { inputs = {} } = lock.parts[0] ?? {};
  assert.deepEqual(misfits(lock, [{ name: 'packages', inputs }]), []);
  const now = {
    suite: 'forky',
    packages: 'curl htop',
    repositories: 'cd'.repeat(10),
    recommends: 'installed',
  };
  assert.deepEqual(
    misfits(lock, [
      { name: 'packages', inputs: now },
      { name: 'tools', inputs: {} },
    ]),
    [
      'packages: packages added: htop',
      'packages: packages removed: nano',
      'packages: recommends: (none) => installed',
      'packages: repositories changed',
      'packages: suite: trixie => forky',
      'tools: not in the lock',
    ],
  );
  assert.deepEqual(misfits(lock, []), ['packages: no longer needed']);
});

test('changes are shown as apt shows them', () => {
  const before = lockOf(one('a', '1'), one('b', '2'), one('c', '3'), one('same', '1'));
  const after = lockOf(
    one('a', '2'),
    one('b', '1'),
    one('d', '4'),
    one('same', '1'),
    one('f', '1', { arch: 'i386' }),
  );
  const lines = changeLines(packageChanges(before, after), (from, to) => from < to);
  assert.deepEqual(lines, [
    ...[
      'upgraded:',
      '  a (1 => 2)',
      'downgraded:',
      '  b (2 => 1)',
      'newly installed:',
      '  d (4)',
      '  f:i386 (1)',
    ],
    ...['removed:', '  c (3)', '1 upgraded, 1 downgraded, 2 newly installed, 1 removed'],
  ]);
});

test('a part is digested by its own packages, in any order', () => {
  const [a, b] = [one('a', '1'), one('b', '1', { parts: ['tools'] })];
  assert.equal(digestOfPart(lockOf(a, b), 'packages'), digestOfPart(lockOf(a), 'packages'));
  const other = one('a', '1', { sha256: 'c'.repeat(64) });
  assert.notEqual(digestOfPart(lockOf(other), 'packages'), digestOfPart(lockOf(a), 'packages'));
});

test('a package is at its mirror, in the archive of snapshots, and in the cache', () => {
  const archives = { main: 'http://mirror.example/debian/' };
  const found = one('curl', '1:8_2', { sha1: 'b'.repeat(40) });
  assert.equal(addressIn(archives, found), 'http://mirror.example/debian/pool/curl.deb');
  assert.equal(addressIn(archives, { ...found, from: 'toString' }), undefined);
  const places = snapshotPlaces('https://snapshot.example', lockOf(), found).map(({ url }) => url);
  assert.deepEqual(places, [
    `https://snapshot.example/file/${'b'.repeat(40)}`,
    'https://snapshot.example/archive/debian/20261120T100000Z/pool/curl.deb',
  ]);
  assert.deepEqual(snapshotPlaces('https://snapshot.example', lockOf(), { ...found, from: 'own' }), []);
  assert.equal(keptName(found), 'curl_1%3a8%5f2_amd64.deb');
});
