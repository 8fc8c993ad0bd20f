/** A real lock: two builds from it, with nothing in common but the lock, give the same bytes; so does a build of the same day without it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Lockfile } from '../../src/host/lockfile/schema.js';
import { codeOf, type Ended, execute, main, mkma, temporary } from '../cli/cli.js';

const IMAGES = ['base.cpio.zst', 'initramfs.cpio.zst', 'vmlinuz'];

test('a lock is a machine', async () => {
  using folder = temporary({ onDisk: true });
  const place = (name: string): string => {
    const path = join(folder.path, name);
    mkdirSync(path);
    return path;
  };
  const define = (path: string, ...packages: readonly string[]): void => {
    const machine = {
      extends: [],
      packages: ['kmod', ...packages],
      without: ['docs', 'locales'],
      compressionLevel: 1,
    };
    writeFileSync(join(path, 'mkma.config.json'), JSON.stringify(machine));
  };
  const digests = (path: string): string =>
    execFileSync('sha256sum', IMAGES, { cwd: join(path, 'mkma_images'), encoding: 'utf8' });
  const succeeded = (ended: Ended): void => assert.equal(ended.code, 0, ended.stderr + ended.stdout);

  const first = place('first');
  define(first, 'openssh-server', 'chrony');
  succeeded(await mkma(['lock', '--cache', join(first, 'cache')], { cwd: first }));
  const lock = JSON.parse(readFileSync(join(first, 'mkma.lock'), 'utf8')) as Lockfile;
  assert.ok(lock.packages.length > 100);
  succeeded(await mkma(['build', '--cache', join(first, 'cache')], { cwd: first }));

  // Of another host as far as one host can tell, whose definition has no name either.
  const second = place('second');
  for (const name of ['mkma.config.json', 'mkma.lock']) cpSync(join(first, name), join(second, name));
  const script = 'umask 077; hostname elsewhere; exec "$@"';
  const command = [
    '--uts',
    'sh',
    '-c',
    script,
    'sh',
    process.execPath,
    main,
    'build',
    '--cache',
    join(second, 'cache'),
  ];
  const env = { TZ: 'Asia/Tokyo', LC_ALL: 'C.UTF-8' };
  succeeded(await execute('unshare', command, { cwd: second, env }));
  assert.equal(digests(second), digests(first));
  const images = [first, second].map((path) => join(path, 'mkma_images'));
  succeeded(await mkma(['diff', ...images]));

  const third = place('third');
  const epoch = String(Date.parse(lock.time) / 1000);
  const fixed = ['--no-lock', '--source-date-epoch', epoch, '--cache', join(first, 'cache')];
  for (const name of ['mkma.config.json', 'mkma.lock']) cpSync(join(first, name), join(third, name));
  succeeded(await mkma(['build', lock.hostname, ...fixed], { cwd: third }));
  const later = await mkma(['lock', '--update', '--json', '--cache', join(first, 'cache')], { cwd: third });
  succeeded(later);
  // Unless the mirror has got newer versions meanwhile.
  if (!JSON.parse(later.stdout).changed) assert.equal(digests(third), digests(first));

  define(first, 'openssh-server');
  const misfit = await mkma(['build', '--json', '--cache', join(first, 'cache')], { cwd: first });
  assert.deepEqual([misfit.code, codeOf(misfit)], [2, 'lock-misfit']);
});
