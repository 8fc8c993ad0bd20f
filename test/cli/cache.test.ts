/** The cache: damaged, of somebody else, too large, on a full disk; and what `mkma clean` removes. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { foreignCache } from '../../src/host/stages/cache-folders.js';
import { codeOf, execute, main, mkma, mkmaHere, temporary } from './cli.js';
import { aptFolder, fetchOn, Mirror, makeRepository, onHost } from './mirror.js';

describe('a cache', () => {
  const folder = temporary();
  let apt = '';
  before(() => {
    makeRepository(folder.path);
    apt = aptFolder(join(folder.path, 'apt'), folder.path);
  });
  after(() => folder[Symbol.dispose]());
  const askedOf = (mirror: Mirror, cache: string) => ({
    ...{ cache, main: mirror.url, pauses: [] },
    security: mirror.url.replace(/debian$/, 'debian-security'),
  });

  test('that is damaged: its entry is made again, with a warning', async () => {
    using mirror = await new Mirror(folder.path).listen();
    const cache = join(folder.path, 'damaged');
    const asked = askedOf(mirror, cache);
    const first = await fetchOn(apt, asked);
    const tree = join(first.path ?? '', 'tree.tar.zst');
    const whole = readFileSync(tree);
    const spoilings: (() => void)[] = [
      () => truncateSync(tree, 100),
      () => writeFileSync(tree, Buffer.concat([whole.subarray(0, -1), Buffer.from([1])])),
      () => writeFileSync(join(first.path ?? '', 'entry.json'), '{'),
    ];
    for (const spoil of spoilings) {
      spoil();
      const again = await fetchOn(apt, asked);
      assert.equal(again.code, undefined, again.printed);
      assert.deepEqual(again.warnings, ['cache-damaged']);
      assert.deepEqual(again.states, ['start', 'done']);
      assert.ok(!existsSync(first.path ?? '') || again.path !== first.path);
      // The next one spoils this.
      mkdirSync(first.path ?? '', { recursive: true });
      for (const name of readdirSync(again.path ?? ''))
        writeFileSync(join(first.path ?? '', name), readFileSync(join(again.path ?? '', name)));
      execFileSync('rm', ['-r', again.path ?? '']);
    }
  });

  test('into which somebody else can write is named', () => {
    const cache = join(folder.path, 'foreign');
    mkdirSync(join(cache, 'stages'), { recursive: true });
    chownSync(join(cache, 'stages'), 1234, 1234);
    const refused = foreignCache(cache, undefined);
    assert.equal(refused?.code, 'cache-foreign');
    assert.match(refused?.why ?? '', /belongs to user 1234/);
    assert.equal(foreignCache(cache, { uid: 1234, gid: 1234 }), undefined);
    chownSync(join(cache, 'stages'), 0, 0);
    chmodSync(cache, 0o777);
    assert.match(foreignCache(cache, undefined)?.why ?? '', /any user can write/);
  });

  test('on a full disk: the numbers, and what to clean', async () => {
    using mirror = await new Mirror(folder.path).listen();
    const cache = join(folder.path, 'full');
    mkdirSync(cache);
    const program = new URL('bootstrap.js', import.meta.url).pathname;
    const asked = JSON.stringify(askedOf(mirror, cache));
    const script = 'mount -t tmpfs -o size=160k tmpfs "$0" && exec "$@"';
    const ended = await onHost(apt, ['sh', '-c', script, cache, process.execPath, program, asked]);
    const told = JSON.parse(ended.stdout) as { code: string; why: string; next: string };
    assert.equal(told.code, 'too-little-space', ended.stdout + ended.stderr);
    assert.match(told.why, / of 160 KiB are free now/);
    assert.match(told.next, /mkma clean/);
  });
});

describe('mkma clean', () => {
  const folder = temporary();
  const [cache, output] = [join(folder.path, 'cache'), join(folder.path, 'out')];
  const DAY = 86_400_000;
  const put = (path: string, bytes: number, days: number): void => {
    mkdirSync(join(cache, path, '..'), { recursive: true });
    writeFileSync(join(cache, path), Buffer.alloc(bytes, 1));
    const at = new Date(Date.now() - days * DAY);
    utimesSync(join(cache, path), at, at);
  };
  const clean = (...args: string[]) =>
    mkmaHere(['clean', '--output', output, '--cache', cache, '--json', ...args]);
  const left = (): string[] => readdirSync(join(cache, 'debs')).sort();
  after(() => folder[Symbol.dispose]());

  test('removes what is unused for long, then the least recently used above the limit', async () => {
    put('debs/ancient.deb', 2 ** 20, 70);
    put('debs/old.deb', 2 ** 20, 20);
    put('debs/older.deb', 2 ** 20, 30);
    put('debs/new.deb', 2 ** 20, 0);
    const dry = await clean('--dry-run', '--cache-size', '2M');
    assert.equal(dry.code, 0, dry.stderr);
    assert.equal(left().length, 4);
    const done = await clean('--cache-size', '2M');
    assert.equal(done.code, 0, done.stderr);
    const { bytes } = JSON.parse(done.stdout) as { bytes: number };
    assert.equal(bytes, JSON.parse(dry.stdout).bytes);
    assert.equal(bytes, 2 ** 21);
    assert.deepEqual(left(), ['new.deb', 'old.deb']);
  });

  test('removes all of it only after a confirmation', async () => {
    assert.equal(codeOf(await clean('--unused', '0')), 'not-confirmed');
    assert.deepEqual(left(), ['new.deb', 'old.deb']);
    assert.equal((await clean('--unused', '0', '--yes')).code, 0);
    assert.deepEqual(left(), []);
  });

  test('removes what a killed build left, and nothing that a running one holds', async () => {
    const scratch = join(cache, 'tmp/scratch-1-abcdef');
    const held = join(output, '.mkma/scratch-2-abcdef');
    for (const path of [scratch, held]) mkdirSync(path, { recursive: true });
    writeFileSync(join(held, 'file'), 'x');
    const holding = spawn('flock', ['--no-fork', held, 'sleep', '60'], { stdio: 'ignore' });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const { removed } = JSON.parse((await clean()).stdout) as { removed: { path: string }[] };
    holding.kill();
    assert.deepEqual(
      removed.map(({ path }) => path),
      [scratch],
    );
    assert.ok(!existsSync(scratch) && existsSync(held));
  });

  test('keeps trees with edits, and whatever is mounted there', async () => {
    mkdirSync(join(output, 'chroot/etc'), { recursive: true });
    assert.equal(codeOf(await clean('--trees', '--yes')), 'chroot-edited');
    const script = `mount -t tmpfs tmpfs "$0/chroot/etc" && exec "$@"`;
    const words = [process.execPath, main, 'clean', '--output', output, '--cache', cache, '--trees', '--yes'];
    const ended = await execute('unshare', ['--mount', 'sh', '-c', script, output, ...words, '--json']);
    assert.equal(codeOf(ended), 'mount-in-tree');
    assert.ok(existsSync(join(output, 'chroot/etc')));
    const done = await mkma([
      'clean',
      '--output',
      output,
      '--cache',
      cache,
      '--trees',
      '--yes',
      '--discard-edits',
    ]);
    assert.equal(done.code, 0, done.stderr);
    assert.ok(!existsSync(join(output, 'chroot')));
  });
});
