/** Mirrors that misbehave, once and for good: what may pass is tried again, and each kind is told as what it is. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { temporary } from './cli.js';
import { aptFolder, fetchOn, Mirror, type Misbehaviour, makeRepository } from './mirror.js';

const KINDS: readonly [Misbehaviour, string][] = [
  [503, 'mirror-unavailable'],
  [404, 'mirror-lacks-file'],
  ['wrong', 'mirror-file-wrong'],
  ['cut', 'mirror-connection-broken'],
];

describe('a mirror', () => {
  const folder = temporary();
  let apt = '';
  let count = 0;
  const fetchFrom = async (mirror: Mirror, pauses: readonly number[]) => {
    const cache = join(folder.path, `cache${count++}`);
    mkdirSync(cache);
    const security = mirror.url.replace(/debian$/, 'debian-security');
    return { cache, told: await fetchOn(apt, { cache, main: mirror.url, security, pauses }) };
  };
  before(() => {
    makeRepository(folder.path);
    apt = aptFolder(join(folder.path, 'apt'), folder.path);
  });
  after(() => folder[Symbol.dispose]());

  for (const [how, code] of KINDS) {
    test(`that answers ${how} once for a package is asked again, for that package alone, and it is said`, async () => {
      using mirror = await new Mirror(folder.path).listen();
      mirror.misbehave('beta_1.0_all.deb', how, 1);
      const { told } = await fetchFrom(mirror, [0.1]);
      assert.equal(told.code, undefined, told.printed);
      assert.equal(told.notes.length, 1, told.printed);
      assert.match(
        told.notes[0] ?? '',
        /^the mirror failed at beta_1\.0_all\.deb: .*; try 2 of 2 in 0\.1 seconds$/,
      );
      assert.equal(mirror.count('alpha_1.0_all.deb'), 1, 'what was fetched is fetched again');
      const files = execFileSync('tar', ['-t', '-f', join(told.path ?? '', 'tree.tar.zst')], {
        encoding: 'utf8',
      });
      for (const name of ['alpha', 'beta']) assert.ok(files.includes(`./usr/share/${name}/content\n`), name);
      assert.ok(!/apt.conf.d\/.*reach|mmdebstrap\.apt/.test(files), files);
    });

    test(`that answers ${how} again and again fails as ${code}, and what was fetched is kept`, async () => {
      using mirror = await new Mirror(folder.path).listen();
      mirror.misbehave('beta_1.0_all.deb', how);
      const { told, cache } = await fetchFrom(mirror, [0.1, 0.1]);
      assert.equal(told.code, code, told.printed);
      assert.equal(told.where, `${mirror.url}/pool/beta_1.0_all.deb`);
      assert.equal(told.notes.length, 2);
      assert.equal(mirror.count('alpha_1.0_all.deb'), 1);
      assert.deepEqual(readdirSync(join(cache, 'debs')), ['alpha_1.0_all.deb']);
      assert.deepEqual(readdirSync(join(cache, 'tmp')), []);
      assert.ok((told.why ?? '').length < 300, told.why);
    });
  }

  test('that fails at its lists is asked again too', async () => {
    using mirror = await new Mirror(folder.path).listen();
    mirror.misbehave('trixie-updates/InRelease', 503, 1);
    mirror.misbehave('trixie/main/binary-amd64/Packages', 'wrong', 1);
    const { told } = await fetchFrom(mirror, [0.1, 0.1]);
    assert.equal(told.code, undefined, told.printed);
    assert.equal(mirror.count('alpha_1.0_all.deb'), 1);
  });

  test('that says when to ask again is asked then, unless that is hours away', async () => {
    using mirror = await new Mirror(folder.path).listen();
    mirror.misbehave('beta_1.0_all.deb', { status: 429, retryAfter: '1' }, 2);
    const { told } = await fetchFrom(mirror, [0.1]);
    assert.equal(told.code, undefined, told.printed);
    assert.match(told.notes[0] ?? '', /429 Too Many Requests; try 2 of 2 in 1 seconds$/);
    mirror.misbehave('beta_1.0_all.deb', { status: 503, retryAfter: '7200' });
    const long = await fetchFrom(mirror, [0.1]);
    assert.equal(long.told.code, 'mirror-unavailable', long.told.printed);
    assert.deepEqual(long.told.notes, []);
  });

  test('that wants to know who asks is asked once', async () => {
    using mirror = await new Mirror(folder.path).listen();
    mirror.misbehave('beta_1.0_all.deb', 403);
    const { told } = await fetchFrom(mirror, [0.1]);
    assert.equal(told.code, 'mirror-refuses', told.printed);
    assert.deepEqual(told.notes, []);
  });
});
