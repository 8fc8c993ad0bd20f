/** Packages of a lock: from the cache, a mirror, or the archive of snapshots; never others, and an error where nobody has one. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { LOCK_FORMAT, type LockedPackage, type Lockfile } from '../../src/host/lockfile/schema.js';
import { Archive, SnapshotServer } from './archive.js';
import { temporary } from './cli.js';
import { type Asked, aptFolder, fetchOn, Mirror, PACKAGES, type Told } from './mirror.js';

const DAY = 86_400_000;

describe('a locked bootstrap', () => {
  const folder = temporary();
  let archive: Archive;
  let apt = '';
  let lock: Lockfile;
  let count = 0;
  const now = Date.now();
  const at = (version: string) => PACKAGES.map((name) => ({ name, version }));
  const newCache = (): string => {
    const cache = join(folder.path, `cache${count++}`);
    mkdirSync(cache);
    return cache;
  };
  const fetch = (mirror: Mirror, more: Partial<Asked>): Promise<Told> => {
    const security = mirror.url.replace(/debian$/, 'debian-security');
    return fetchOn(apt, { cache: newCache(), main: mirror.url, security, pauses: [], lock, ...more });
  };
  const contentOf = (told: Told, name: string): string => {
    const args = ['-x', '-O', '-f', join(told.path ?? '', 'tree.tar.zst'), `./usr/share/${name}/content`];
    return execFileSync('tar', args, { encoding: 'utf8' });
  };
  before(() => {
    archive = new Archive(folder.path);
    const date = new Date(now - 9 * DAY);
    archive.publish({ packages: at('1.0'), date });
    const packages = PACKAGES.map((name): LockedPackage => {
      const path = `pool/${name}_1.0_all.deb`;
      const bytes = readFileSync(join(folder.path, 'www/debian', path));
      const digest = (kind: string): string => createHash(kind).update(bytes).digest('hex');
      const facts = { size: bytes.length, sha256: digest('sha256'), sha1: digest('sha1') };
      return {
        name,
        version: '1.0',
        arch: 'all',
        from: 'main',
        suite: 'trixie',
        path,
        ...facts,
        parts: ['tools'],
      };
    });
    const time = date.toISOString().replace(/\.\d+/, '');
    lock = {
      ...{ format: LOCK_FORMAT, mkma: '0', time, architecture: 'amd64', hostname: 'x', keys: {}, packages },
      parts: [{ name: 'tools', inputs: {} }],
      releases: [{ from: 'main', suite: 'trixie', codename: 'trixie', archive: 'trixie', date: time }],
      accounts: { users: {}, groups: {}, subuid: {}, subgid: {} },
    };
    // The mirror has moved on, and its lists have expired meanwhile.
    const validUntil = new Date(now - DAY);
    archive.publish({ packages: at('2.0'), date: new Date(now - 8 * DAY), validUntil });
    apt = aptFolder(join(folder.path, 'apt'), folder.path);
  });
  after(() => {
    archive[Symbol.dispose]();
    folder[Symbol.dispose]();
  });
  const changed = (change: Partial<LockedPackage>): Lockfile => ({
    ...lock,
    packages: lock.packages.map((one) => (one.name === 'beta' ? { ...one, ...change } : one)),
  });

  test('takes what the mirror no longer has from the archive of snapshots, by one connection', async () => {
    using mirror = await new Mirror(folder.path).listen();
    using snapshots = await new SnapshotServer(archive).listen();
    const cache = newCache();
    const told = await fetch(mirror, { cache, snapshot: snapshots.url });
    assert.equal(told.code, undefined, told.printed);
    for (const name of PACKAGES) assert.equal(contentOf(told, name), `${name} 1.0\n`);
    assert.deepEqual(
      snapshots.asked,
      lock.packages.map(({ sha1 }) => `/file/${sha1}`),
    );
    assert.equal(snapshots.connections, 1);
    assert.equal(mirror.count('InRelease'), 0, 'its lists are not asked for');
    assert.match(told.notes[0] ?? '', /no longer has alpha 1\.0: asking the archive of snapshots/);

    // Kept: nobody is asked again, whatever has become of the entry.
    const asked = mirror.asked.length + snapshots.asked.length;
    const other = newCache();
    cpSync(join(cache, 'debs'), join(other, 'debs'), { recursive: true });
    const again = await fetch(mirror, { cache: other, snapshot: snapshots.url });
    assert.equal(again.code, undefined, again.printed);
    assert.equal(mirror.asked.length + snapshots.asked.length, asked);
  });

  test('finds a file by the time of the lock where its SHA-1 is unknown', async () => {
    using mirror = await new Mirror(folder.path).listen();
    using snapshots = await new SnapshotServer(archive).listen();
    snapshots.byDigest = false;
    const told = await fetch(mirror, { snapshot: snapshots.url });
    assert.equal(told.code, undefined, told.printed);
    assert.equal(contentOf(told, 'beta'), 'beta 1.0\n');
    assert.ok(snapshots.asked.some((path) => /^\/archive\/debian\/\d{8}T\d{6}Z\/pool\/beta_1\.0/.test(path)));
  });

  test('waits as long as a server asks for, but not for hours', async () => {
    using mirror = await new Mirror(folder.path).listen();
    using snapshots = await new SnapshotServer(archive).listen();
    snapshots.throttling = { times: 1, retryAfter: '1' };
    const told = await fetch(mirror, { snapshot: snapshots.url, pauses: [0.1] });
    assert.equal(told.code, undefined, told.printed);
    assert.ok(
      told.notes.some((note) => /429 Too Many Requests; try 2 of 2 in 1 seconds$/.test(note)),
      told.notes.join('\n'),
    );
    snapshots.throttling = { times: 9, retryAfter: '7200' };
    const long = await fetch(mirror, { snapshot: snapshots.url, pauses: [0.1, 0.1] });
    assert.equal(long.code, 'mirror-unavailable', long.printed);
    assert.match(long.why ?? '', /it asks to wait 7200 seconds/);
    assert.equal(snapshots.throttling.times, 8, 'it is not asked again');
  });

  test('names what nobody has any more, and where it looked', async () => {
    using mirror = await new Mirror(folder.path).listen();
    using snapshots = await new SnapshotServer(archive).listen();
    const cache = newCache();
    const gone = changed({ sha256: '0'.repeat(64), sha1: '0'.repeat(40), path: 'pool/beta_0.9_all.deb' });
    const told = await fetch(mirror, { cache, lock: gone, snapshot: snapshots.url });
    assert.equal(told.code, 'locked-package-gone', told.printed);
    for (const place of [
      `${mirror.url}/pool/beta_0.9_all.deb: 404`,
      `${snapshots.url}/file/000`,
      '/archive/debian/',
    ])
      assert.ok(told.why?.includes(place), told.why);
    assert.deepEqual(readdirSync(join(cache, 'tmp')), []);
    assert.deepEqual(readdirSync(join(cache, 'stages')), []);
  });

  test('never takes a file with another digest: a kept one is fetched again, a mirror passed over', async () => {
    using mirror = await new Mirror(folder.path).listen();
    using snapshots = await new SnapshotServer(archive).listen();
    const cache = newCache();
    mkdirSync(join(cache, 'debs'));
    writeFileSync(join(cache, 'debs/beta_1.0_all.deb'), 'x'.repeat(lock.packages[1]?.size ?? 0));
    // The mirror has another file of that name.
    const other = changed({ path: 'pool/beta_2.0_all.deb' });
    const told = await fetch(mirror, { cache, lock: other, snapshot: snapshots.url });
    assert.equal(told.code, undefined, told.printed);
    assert.equal(contentOf(told, 'beta'), 'beta 1.0\n');
    assert.equal(mirror.count('beta_2.0_all.deb'), 1);
  });

  test('offline: names all packages that are not kept, and builds from those that are', async () => {
    using mirror = await new Mirror(folder.path).listen();
    using snapshots = await new SnapshotServer(archive).listen();
    const cache = newCache();
    const cold = await fetch(mirror, { cache, snapshot: snapshots.url, offline: true });
    assert.equal(cold.code, 'not-kept', cold.printed);
    for (const name of PACKAGES) assert.ok(cold.why?.includes(`${name}_1.0_all.deb`), cold.why);
    assert.deepEqual([mirror.asked, snapshots.asked], [[], []]);
    mkdirSync(join(cache, 'debs'), { recursive: true });
    for (const name of PACKAGES) {
      const made = join(folder.path, 'made', `${name}_1.0.deb`);
      cpSync(made, join(cache, 'debs', `${name}_1.0_all.deb`));
    }
    const warm = await fetch(mirror, { cache, snapshot: snapshots.url, offline: true });
    assert.equal(warm.code, undefined, warm.printed);
    assert.equal(contentOf(warm, 'beta'), 'beta 1.0\n');
    assert.deepEqual([mirror.asked, snapshots.asked], [[], []]);
  });

  test('refuses a lock that was edited: a version, or a package that is missing', async () => {
    using mirror = await new Mirror(folder.path).listen();
    using snapshots = await new SnapshotServer(archive).listen();
    const edited = await fetch(mirror, { lock: changed({ version: '2.0' }), snapshot: snapshots.url });
    assert.equal(edited.code, 'lock-invalid', edited.printed);
    assert.match(edited.why ?? '', /the file with its digest is beta 1\.0 all, not beta 2\.0 all/);
    const fewer = { ...lock, packages: lock.packages.filter(({ name }) => name !== 'beta') };
    const lacking = await fetch(mirror, { lock: fewer, snapshot: snapshots.url });
    assert.equal(lacking.code, 'lock-invalid', lacking.printed);
    assert.match(lacking.where ?? '', /beta/);
  });
});
