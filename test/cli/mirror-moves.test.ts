/** A mirror that moves on between its lists and its packages: both are fetched again, and fit. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Archive } from './archive.js';
import { temporary } from './cli.js';
import { aptFolder, fetchOn, Mirror, PACKAGES } from './mirror.js';

test('a mirror that changes in mid-build gives packages of one day', async () => {
  using folder = temporary();
  using archive = new Archive(folder.path);
  const at = (version: string) => PACKAGES.map((name) => ({ name, version }));
  archive.publish({ packages: at('1.0'), date: new Date(Date.now() - 7_200_000) });
  using mirror = await new Mirror(folder.path).listen();
  mirror.before = (path) => {
    if (!path.endsWith('beta_1.0_all.deb')) return;
    mirror.before = undefined;
    archive.publish({ packages: at('2.0'), date: new Date(Date.now() - 3_600_000) });
  };
  const cache = join(folder.path, 'cache');
  mkdirSync(cache);
  const security = mirror.url.replace(/debian$/, 'debian-security');
  const apt = aptFolder(join(folder.path, 'apt'), folder.path);
  const told = await fetchOn(apt, { cache, main: mirror.url, security, pauses: [0.1] });
  assert.equal(told.code, undefined, told.printed);
  assert.match(told.notes[0] ?? '', /beta_1\.0_all\.deb: 404 Not Found; try 2 of 2/);
  for (const name of PACKAGES) {
    const args = ['-x', '-O', '-f', join(told.path ?? '', 'tree.tar.zst'), `./usr/share/${name}/content`];
    assert.equal(execFileSync('tar', args, { encoding: 'utf8' }), `${name} 2.0\n`);
  }
});
