/** The launcher of a checkout: finds its way, compiles when stale, says what is missing. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { execute, repository, temporary } from './cli.js';

/** A copy of this checkout, compiled, in a folder whose name has a space. */
function checkout(parent: string): string {
  const copy = join(parent, 'a checkout');
  mkdirSync(copy);
  const parts = [
    'mkma',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.base.json',
    'scripts',
    'src',
    'test',
  ];
  for (const part of [...parts, 'dist', 'node_modules']) {
    cpSync(join(repository, part), join(copy, part), {
      recursive: true,
      preserveTimestamps: true,
      verbatimSymlinks: true,
    });
  }
  // Copying has made folders newer than what was compiled from them.
  const now = new Date();
  utimesSync(join(copy, 'dist/.built'), now, now);
  return copy;
}

test('the launcher works from anywhere, through a symlink, and compiles only when something is newer', async () => {
  using folder = temporary();
  const copy = checkout(folder.path);
  const link = join(folder.path, 'link');
  symlinkSync(join(copy, 'mkma'), link);
  const first = await execute(link, ['--version'], { cwd: '/' });
  assert.deepEqual([first.code, first.stderr], [0, ''], first.stderr);
  assert.match(first.stdout, /^\d+\.\d+\.\d+\n$/);

  const later = new Date(Date.now() + 2000);
  utimesSync(join(copy, 'src/core/contract.ts'), later, later);
  const stale = await execute(link, ['--version'], { cwd: '/' });
  assert.equal(stale.stderr, 'compiling\n');
  assert.equal(stale.stdout, first.stdout);
});

test('a compile error is shown, and the command to repeat it', async () => {
  using folder = temporary();
  const copy = checkout(folder.path);
  const broken = await execute('sh', [
    '-c',
    `f=$0/src/core/contract.ts; echo 'const x: number = "";' >> "$f"; touch -d '5 seconds' "$f"; exec "$0/mkma" --version`,
    copy,
  ]);
  assert.equal(broken.code, 1);
  assert.match(broken.stderr, /contract\.ts\(\d+,\d+\): error TS2322/);
  assert.match(
    broken.stderr,
    /error: compiling: failed\n.*\n {2}next: repeat it by hand in the checkout: node scripts\/build\.mjs/,
  );
});

test('without Node.js and without root it says what to install', async () => {
  using folder = temporary();
  const copy = checkout(folder.path);
  // A PATH with everything the launcher itself needs, but no node.
  const bin = join(folder.path, 'bin');
  mkdirSync(bin);
  for (const tool of ['sh', 'readlink', 'dirname', 'sed', 'sort', 'head', 'printf', 'id', 'env', 'cat']) {
    const found = (await execute('sh', ['-c', `command -v ${tool}`])).stdout.trim();
    if (found.startsWith('/')) symlinkSync(found, join(bin, tool));
  }
  await execute('chmod', ['-R', 'a+rX', folder.path]);
  const got = await execute(join(copy, 'mkma'), ['build'], { env: { PATH: bin }, uid: 65534, cwd: '/' });
  assert.equal(got.code, 1);
  assert.match(
    got.stderr,
    /^error: nodejs npm missing on this host\n {2}next: install with: sudo apt-get install nodejs npm\n/,
  );
});
