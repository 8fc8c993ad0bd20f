/** `mkma lock` against a mirror that moves on: what is written, what is kept, and what leaves the old lock as it is. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Lockfile } from '../../src/host/lockfile/schema.js';
import { Archive, type GeneratedPackage } from './archive.js';
import { codeOf, type Ended, main, temporary } from './cli.js';
import { aptFolder, Mirror, onHost } from './mirror.js';

/** What mkma itself needs of a suite. */
const OWN = [
  ...['apt', 'quickjs', 'busybox', 'kmod', 'zstd', 'cpio', 'libarchive-tools', 'util-linux', 'attr'],
  ...['klibc-utils', 'xxhash', 'erofs-utils', 'tzdata', 'linux-image-6.12.1-amd64'],
];
const DAY = 86_400_000;

describe('mkma lock', () => {
  const folder = temporary();
  let archive: Archive;
  let mirror: Mirror;
  let apt = '';
  const now = Date.now();
  const own: GeneratedPackage[] = [
    ...OWN.map((name) => ({ name, version: '1.0' })),
    { name: 'linux-image-amd64', version: '1.0', fields: 'Depends: linux-image-6.12.1-amd64' },
  ];
  const first: GeneratedPackage[] = [
    ...own,
    { name: 'alpha', version: '1.0', fields: 'Depends: libalpha (= 1.0)' },
    { name: 'libalpha', version: '1.0' },
    { name: 'beta', version: '1.0' },
  ];
  /** A day later there are newer ones, and another package. */
  const second: GeneratedPackage[] = [
    ...own,
    { name: 'alpha', version: '1.1', fields: 'Depends: libalpha (= 1.1)' },
    { name: 'libalpha', version: '1.1' },
    { name: 'beta', version: '2.0' },
    { name: 'gamma', version: '1.0' },
  ];
  const define = (...packages: readonly string[]): void => {
    const machine = { hostname: 'locked', extends: [], packages };
    writeFileSync(join(folder.path, 'mkma.config.json'), JSON.stringify(machine));
  };
  const path = join(folder.path, 'mkma.lock');
  const lock = (...words: readonly string[]): Promise<Ended> => {
    const fixed = ['--config', join(folder.path, 'mkma.config.json'), '--cache', join(folder.path, 'cache')];
    const output = ['--output', join(folder.path, 'out')];
    return onHost(apt, [process.execPath, main, 'lock', '--json', ...fixed, ...output, ...words]);
  };
  const read = (): Lockfile => JSON.parse(readFileSync(path, 'utf8')) as Lockfile;
  const versions = (): Record<string, string> =>
    Object.fromEntries(read().packages.map(({ name, version }) => [name, version]));
  const linesOf = ({ stdout }: Ended): Record<string, unknown> =>
    JSON.parse(stdout) as Record<string, unknown>;

  before(async () => {
    archive = new Archive(folder.path);
    archive.publish({ packages: first, date: new Date(now - 3 * DAY) });
    mirror = await new Mirror(folder.path).listen();
    const base = mirror.url.replace(/\/debian$/, '');
    const sources = `deb ${base}/debian trixie main\ndeb ${base}/debian-security trixie-security main\n`;
    apt = aptFolder(join(folder.path, 'apt'), folder.path, { 'sources.list': sources });
    mkdirSync(join(folder.path, 'cache'));
  });
  after(() => {
    mirror[Symbol.dispose]();
    archive[Symbol.dispose]();
    folder[Symbol.dispose]();
  });

  test('writes what apt would install, from where, with all digests, one package a line', async () => {
    define('alpha');
    const made = await lock();
    assert.equal(made.code, 0, made.stderr + made.stdout);
    const { packages, time, parts, hostname } = read();
    const alpha = packages.find(({ name }) => name === 'alpha');
    const bytes = readFileSync(join(folder.path, 'www/debian/pool/alpha_1.0_all.deb'));
    assert.equal(alpha?.size, bytes.length);
    assert.deepEqual([alpha?.from, alpha?.suite, alpha?.path], ['main', 'trixie', 'pool/alpha_1.0_all.deb']);
    assert.deepEqual(alpha?.parts, ['packages']);
    assert.ok(archive.known.has(alpha?.sha1 ?? ''), 'the SHA-1 of the file');
    assert.deepEqual(
      packages.find(({ name }) => name === 'zstd')?.parts,
      ['packages', 'tools'],
      'one package of two parts is one line',
    );
    for (const name of ['libalpha', 'linux-image-amd64', 'linux-image-6.12.1-amd64', 'apt'])
      assert.ok(versions()[name] === '1.0', name);
    assert.equal(versions().beta, undefined);
    assert.equal(
      Math.floor(Date.parse(time) / 1000),
      Math.floor((now - 3 * DAY) / 1000),
      'the time of the lists',
    );
    assert.deepEqual([hostname, parts.map(({ name }) => name)], ['locked', ['packages', 'tools']]);
    const text = readFileSync(path, 'utf8');
    assert.equal(text.split('\n').filter((line) => line.includes('"name":"alpha"')).length, 1);
    assert.ok(
      readdirSync(join(folder.path, 'cache/debs')).includes('alpha_1.0_all.deb'),
      'kept for the build',
    );
  });

  test('asks nobody while it fits, and keeps its versions where a package is added', async () => {
    define('alpha');
    const before = readFileSync(path, 'utf8');
    archive.publish({ packages: second, date: new Date(now - 2 * DAY) });
    const asked = mirror.asked.length;
    const again = await lock();
    assert.equal(again.code, 0, again.stderr);
    assert.equal(mirror.asked.length, asked);
    assert.equal(readFileSync(path, 'utf8'), before);

    define('alpha', 'gamma');
    const build = await onHost(apt, [
      ...[process.execPath, main, 'build', '--json', '--config', join(folder.path, 'mkma.config.json')],
      ...['--cache', join(folder.path, 'cache'), '--output', join(folder.path, 'out')],
    ]);
    assert.equal(codeOf(build), 'lock-misfit');
    assert.match(JSON.parse(build.stdout).error.why, /^packages: packages added: gamma$/m);

    const added = await lock();
    assert.equal(added.code, 0, added.stderr + added.stdout);
    assert.deepEqual(linesOf(added).changes, [{ name: 'gamma', to: '1.0' }]);
    assert.equal(versions().alpha, '1.0', 'the mirror no longer has it, the cache has');
  });

  test('--update NAME takes that package and what it needs; --update all; and it shows what changes', async () => {
    define('alpha', 'beta', 'gamma');
    const added = await lock();
    assert.equal(added.code, 0, added.stderr + added.stdout);
    const third = second.map((one) => (one.name === 'beta' ? { ...one, version: '3.0' } : one));
    archive.publish({ packages: third, date: new Date(now - DAY) });
    const one = await lock('--update', 'alpha');
    assert.equal(one.code, 0, one.stderr + one.stdout);
    assert.deepEqual(linesOf(one).changes, [
      { name: 'alpha', from: '1.0', to: '1.1' },
      { name: 'libalpha', from: '1.0', to: '1.1' },
    ]);
    assert.equal(versions().beta, '2.0');
    const all = await lock('--update');
    assert.deepEqual(linesOf(all).changes, [{ name: 'beta', from: '2.0', to: '3.0' }]);
    const text = readFileSync(path, 'utf8');
    const nothing = await lock('--update');
    assert.deepEqual([linesOf(nothing).changed, linesOf(nothing).changes], [false, []]);
    assert.equal(readFileSync(path, 'utf8'), text);
    const unknown = await lock('--update', 'alhpa');
    assert.deepEqual([unknown.code, codeOf(unknown)], [2, 'not-locked']);
  });

  test('an expired Release, or one from the future, is refused, and the old lock stays', async () => {
    const text = readFileSync(path, 'utf8');
    archive.publish({ packages: second, date: new Date(now - 9 * DAY), validUntil: new Date(now - 2 * DAY) });
    assert.equal(codeOf(await lock('--update')), 'mirror-outdated');
    archive.publish({ packages: second, date: new Date(now + 2 * DAY) });
    const early = await lock('--update');
    assert.equal(codeOf(early), 'mirror-outdated');
    assert.match(JSON.parse(early.stdout).error.next, /clock/);
    assert.equal(readFileSync(path, 'utf8'), text);
    assert.deepEqual(readdirSync(join(folder.path, 'cache/tmp')), []);
  });

  test('a kernel of the host is refused; so is a lock that was damaged, until it is updated', async () => {
    archive.publish({ packages: second, date: new Date(now - DAY) });
    const kernel = await lock('--kernel', 'host');
    assert.deepEqual([kernel.code, codeOf(kernel)], [2, 'lock-kernel']);
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace(/"sha256":"[0-9a-f]{60}/, '"sha256":"'));
    const damaged = await lock();
    assert.deepEqual([damaged.code, codeOf(damaged)], [2, 'lock-invalid']);
    assert.match(JSON.parse(damaged.stdout).error.why, /package \S+ sha256/);
    assert.equal((await lock('--update')).code, 0);
    assert.equal(read().packages.length, JSON.parse(text).packages.length);
  });

  test('Ctrl-C leaves the old lock', async () => {
    define('alpha');
    const text = readFileSync(path, 'utf8');
    mirror.misbehave('InRelease', 503);
    const words = ['lock', '--update', '--config', join(folder.path, 'mkma.config.json')];
    const places = ['--cache', join(folder.path, 'cache'), '--output', join(folder.path, 'out')];
    const script = '"$@" & pid=$!; sleep 3; kill -INT $pid; wait $pid';
    const ended = await onHost(apt, [
      'bash',
      '-mc',
      script,
      'bash',
      process.execPath,
      main,
      ...words,
      ...places,
    ]);
    mirror.misbehave('InRelease', 503, 0);
    assert.equal(ended.code, 130, ended.stderr);
    assert.equal(readFileSync(path, 'utf8'), text);
    assert.deepEqual(readdirSync(join(folder.path, 'cache/tmp')), []);
  });
});
