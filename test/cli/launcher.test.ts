/** The launcher of a checkout: finds its way, compiles when stale, says what is missing. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { execute, repository, temporary } from './cli.js';

/**
 * A copy of this checkout, compiled, in a folder whose name has a space. npm's packages are many: those of this checkout
 * do, unless their owner is to be changed.
 */
function checkout(parent: string, packages: 'linked' | 'copied' = 'linked'): string {
  const copy = join(parent, 'a checkout');
  mkdirSync(copy);
  const parts = [
    'mkma',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.base.json',
    'biome.json',
    'knip.json',
    '.codespellrc',
    '.shellcheckrc',
    '.gitignore',
    'scripts',
    'bench',
    'examples',
    'src',
    'test',
  ];
  if (packages === 'copied') parts.push('node_modules');
  else symlinkSync(join(repository, 'node_modules'), join(copy, 'node_modules'));
  for (const part of [...parts, 'dist']) {
    cpSync(join(repository, part), join(copy, part), {
      recursive: true,
      preserveTimestamps: true,
      verbatimSymlinks: true,
    });
  }
  // Copying has made folders newer than what was compiled from them.
  const now = new Date();
  utimesSync(join(copy, 'dist/.built'), now, now);
  // As after a `npm ci`: one through the link would empty the repository's own folder.
  if (packages === 'linked') utimesSync(join(copy, 'package-lock.json'), 0, 0);
  return copy;
}

/** Make a checkout one that has to be compiled first. */
function makeStale(copy: string): void {
  rmSync(join(copy, 'dist/.built'));
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
  // Root's checkout is compiled by root, whoever uses sudo.
  const stale = await execute(link, ['--version'], { cwd: '/', env: { SUDO_USER: 'nobody' } });
  assert.equal(stale.stderr, 'compiling\n');
  assert.equal(stale.stdout, first.stdout);
  assert.equal(statSync(join(copy, 'dist/.built')).uid, 0);
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
    /error: compiling: failed\n.*\n {2}next: run it by hand in the checkout: node scripts\/build\.mjs/,
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
    /^error: nodejs npm missing on this host\n {2}next: install it: sudo apt-get install nodejs npm; or run the command again with sudo\n/,
  );
});

test('apt is started by the launcher with the variables that it needs alone', async () => {
  const env = {
    DPKG_ROOT: '/x',
    APT_CONFIG: '/x',
    LD_PRELOAD: '',
    ODD: 'one\nPATH=two',
    http_proxy: 'http://p:1',
  };
  const script = '. "$0/scripts/launch.sh"; launch_clean env';
  const got = await execute('sh', ['-c', script, repository], { env });
  const names = [...got.stdout.matchAll(/^(\w+)=/gm)].map(([, name]) => name as string);
  const needed = /^(PATH|HOME|TERM|TMPDIR|PWD|\w+_(proxy|PROXY))$/;
  assert.deepEqual(
    names.filter((name) => !needed.test(name)),
    [],
  );
  assert.ok(names.includes('http_proxy') && names.includes('PATH'), got.stdout + got.stderr);
});

test('two launches at once compile once', async () => {
  using folder = temporary();
  const copy = checkout(folder.path);
  makeStale(copy);
  const both = await Promise.all([1, 2].map(() => execute(join(copy, 'mkma'), ['--version'])));
  const said = both.map((got) => got.stderr).sort();
  assert.deepEqual(said, ['compiling\n', 'waiting for another launch in this checkout\n']);
  assert.deepEqual(
    both.map((got) => got.code),
    [0, 0],
  );
});

test("a user's checkout is compiled by that user, whoever uses sudo, and for root too", async () => {
  using folder = temporary();
  const copy = checkout(folder.path, 'copied');
  await execute('chmod', ['a+rx', folder.path]);
  await execute('chown', ['-R', 'nobody', copy]);
  const id = await execute('id', ['-u', 'nobody']);
  for (const sudoUser of ['daemon', '']) {
    makeStale(copy);
    const got = await execute(join(copy, 'mkma'), ['--version'], { env: { SUDO_USER: sudoUser } });
    assert.deepEqual([got.code, got.stderr], [0, 'compiling\n'], got.stderr);
    assert.equal(statSync(join(copy, 'dist/.built')).uid, Number(id.stdout));
  }
});

/** Whether any program of a process group still runs. */
function isThere(group: number): boolean {
  try {
    return process.kill(group, 0);
  } catch {
    return false;
  }
}

test('Ctrl-C while it compiles leaves nothing in /tmp', async () => {
  using folder = temporary();
  const copy = checkout(folder.path);
  makeStale(copy);
  const logs = join(folder.path, 'tmp');
  mkdirSync(logs);
  let group = 0;
  // A session of its own, so that the signal reaches all that the terminal's key would reach, and nobody else.
  const got = await execute('setsid', [join(copy, 'mkma'), '--version'], {
    env: { TMPDIR: logs },
    onStderr: (_, child) => {
      group = -(child.pid ?? 0);
      setTimeout(() => process.kill(group, 'SIGINT'), 200);
    },
  });
  // The launcher is a moment ahead of what it started; nothing of that goes on.
  for (let i = 0; i < 100 && isThere(group); i++) await sleep(100);
  assert.ok(!isThere(group));
  assert.equal(got.stderr, 'compiling\n');
  assert.equal(got.code, 130);
  assert.deepEqual(readdirSync(logs), []);
});

test('only a --yes meant for mkma itself is consent to installing', async () => {
  const script = '. "$0" && if launch_consent "$@"; then echo yes; else echo no; fi';
  for (const [expected, line] of [
    ['yes', 'build --yes'],
    ['yes', 'build host -y'],
    ['yes', '-y shell ls'],
    ['yes', 'shell --json -y'],
    ['yes', 'unit cli --yes'],
    ['no', 'build'],
    ['no', ''],
    ['no', 'shell apt-get install -y x'],
    ['no', 'shell --output dir apt-get install --yes x'],
    ['no', 'shell -- apt-get install -y x'],
    ['no', 'build -- -y'],
  ] as const) {
    const words = line.split(' ').filter((word) => word !== '');
    const got = await execute('sh', ['-euc', script, join(repository, 'scripts/launch.sh'), ...words]);
    assert.equal(got.stdout, `${expected}\n`, `${line}: ${got.stderr}`);
  }
});

test('test/run takes --yes out of its words wherever it stands, and no other word', async () => {
  using folder = temporary();
  const copy = checkout(folder.path);
  const words = ['-y', 'no/such', '--yes', 'nor this', '--yes'];
  const got = await execute(join(copy, 'test/run'), words);
  assert.equal(got.code, 1);
  assert.match(got.stderr, /^error: no test matches: no\/such nor this$/m);
});
