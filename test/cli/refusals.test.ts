/** Wrong circumstances: each refused with what, where, why and what to do, and nothing left behind. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { codeOf, execute, mkma, mkmaHere, temporary } from './cli.js';
import { sharedImages } from './images.js';
import { inOwnMounts } from './persist/namespace.js';
import { PlainUser } from './plain-user.js';

inOwnMounts(import.meta.url);

test('a user without subordinate ids is told which to get, and that sudo remains', async () => {
  using folder = temporary();
  const user = new PlainUser(folder.path);
  user.give('somebody:200000:65536');
  const got = await user.mkma(['build'], { cwd: user.home });
  assert.match(got.stderr, /^error: .* \[no-subordinate-ids\]\n/);
  const range = '265536-331071';
  assert.match(got.stderr, new RegExp(`usermod --add-subuids ${range} --add-subgids ${range} `));
  assert.match(got.stderr, /or do it as root: sudo mkma build\n$/);
  assert.equal(got.code, 1);
});

/** Build with a cache of its own, so that the mirror is really asked. */
async function buildFrom(mirror: string, folder: string, ...more: string[]) {
  const got = await mkma([
    'build',
    '--mirror',
    mirror,
    '--output',
    join(folder, 'out'),
    '--cache',
    join(folder, 'cache'),
    ...more,
  ]);
  const left = readdirSync(join(folder, 'out'), { recursive: true, encoding: 'utf8' }).sort();
  // What failed is in the logs alone.
  const others = left.filter((path) => !/^\.mkma\/logs(\/\w+\.unfinished\.log)?$/.test(path));
  assert.deepEqual(others, ['.mkma', '.mkma/lock'], 'files were left in the output folder');
  for (const part of ['stages', 'tmp']) assert.deepEqual(readdirSync(join(folder, 'cache', part)), [], part);
  return got;
}

/** Mirrors that fail for good are tried for 22 seconds: the other tests do not wait for that. */
const unreachable = Promise.all(
  [
    ['http://127.0.0.1:9/debian', 'mirror-unreachable'],
    ['http://mirror.invalid/debian', 'mirror-name-unknown'],
  ].map(async ([mirror = '', code]) => {
    using folder = temporary();
    return { ended: await buildFrom(mirror, folder.path, '--json'), code };
  }),
);
unreachable.catch(() => undefined);

test('a server that is no mirror, and a suite that is not there', async () => {
  using folder = temporary();
  const server = createServer((_request, response) => response.writeHead(404).end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  try {
    const mirror = `http://127.0.0.1:${address.port}/debian`;
    const got = await buildFrom(mirror, folder.path, '--suite', 'triksie');
    assert.ok(
      got.stderr.includes(
        `error: cannot bootstrap Debian triksie: ${mirror} (suite triksie) [no-such-suite]\n`,
      ),
      got.stderr,
    );
    assert.match(got.stderr, /why: no such suite on this mirror, or no Debian mirror at this address/);
    assert.match(got.stderr, /next: check --mirror and --suite/);
    assert.equal(got.code, 1);
  } finally {
    server.close();
  }
});

test('an output folder that cannot be written', async () => {
  using folder = temporary();
  const file = join(folder.path, 'file');
  writeFileSync(file, '');
  for (const [output, why] of [
    [join(file, 'out'), /a parent is not a folder/],
    [file, /it is not a folder|EEXIST/],
    ['/proc/mkma', /ENOENT/],
  ] as const) {
    const got = await mkmaHere(['build', '--output', output]);
    assert.ok(
      got.stderr.startsWith(`error: cannot use the output folder: ${output} [output-folder-unusable]\n`),
      got.stderr,
    );
    assert.match(got.stderr, why);
    assert.match(got.stderr, /next: name another one with --output/);
    assert.equal(got.code, 1);
  }
});

test('two builds into one output folder: the second is refused and names the first', async () => {
  using folder = temporary();
  mkdirSync(join(folder.path, '.mkma'));
  const lock = join(folder.path, '.mkma/lock');
  writeFileSync(lock, 'process 12345 since yesterday\n');
  const holder = spawn('flock', [lock, 'sh', '-c', 'echo held; cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  try {
    const got = await mkmaHere(['build', '--output', folder.path]);
    assert.equal(
      got.stderr,
      `error: another mkma is using this output folder: ${folder.path} [output-folder-taken]\n  why: held by process 12345 since yesterday\n  next: wait for it to end, or name another folder with --output\n`,
    );
    assert.equal(got.code, 1);
  } finally {
    holder.stdin.end();
    await once(holder, 'close');
  }
});

test('too little space is told before anything is downloaded', async () => {
  using folder = temporary();
  const small = join(folder.path, 'small');
  mkdirSync(small);
  assert.equal((await execute('mount', ['-t', 'tmpfs', '-o', 'size=100M', 'tmpfs', small])).code, 0);
  try {
    const got = await mkmaHere(['build', '--output', join(small, 'out')]);
    assert.match(
      got.stderr,
      /error: not enough space for the images: .*\n {2}why: 100 MiB are free, about 1\.50 GiB are needed/,
    );
    assert.match(got.stderr, /next: free some space/);
    assert.equal(got.code, 1);
    const cache = await mkmaHere([
      'build',
      '--output',
      join(folder.path, 'out'),
      '--cache',
      join(small, 'cache'),
    ]);
    assert.match(cache.stderr, /error: not enough space for the package cache/);
    assert.equal(cache.code, 1);
    assert.ok(!existsSync(join(folder.path, 'out/chroot')));
  } finally {
    await execute('umount', [small]);
  }
});

test("the host's kernel that is not there names the missing file", async () => {
  using folder = temporary();
  const got = await mkmaHere(['build', '--kernel', 'host:9.9.9-none', '--output', folder.path]);
  assert.match(
    got.stderr,
    /error: cannot use the host's kernel 9\.9\.9-none: \/boot\/vmlinuz-9\.9\.9-none \[kernel-missing\]\n/,
  );
  assert.match(got.stderr, /--kernel debian/);
  assert.equal(got.code, 1);
});

test('images that are not there', async () => {
  using folder = temporary();
  for (const verb of ['run', 'test']) {
    const got = await mkmaHere([verb, '--output', folder.path, ...(verb === 'run' ? ['--dry-run'] : [])]);
    assert.match(got.stderr, /mkma build/, verb);
    assert.notEqual(got.code, 0, verb);
  }
  const shell = await mkmaHere(['shell', '--output', folder.path]);
  assert.match(shell.stderr, /error: no machine to enter: .*\n {2}next: build one first: mkma build/);
});

test('a file that is no image', async () => {
  using folder = temporary();
  const file = join(folder.path, 'x');
  writeFileSync(file, 'hello');
  const got = await mkmaHere(['inspect', file]);
  assert.match(got.stderr, /error: cannot read the image: .*\n {2}why: zstd: /);
  assert.equal(got.code, 1);
});

test('a truncated image is refused, wherever it is cut', async () => {
  using folder = temporary();
  const base = join(sharedImages(), 'base.cpio.zst');
  const cut = join(folder.path, 'cut.cpio.zst');
  for (const size of ['1000', '5M', '-1', '-3000']) {
    const made = await execute('sh', ['-c', `head -c ${size} "$0" > "$1"`, base, cut]);
    assert.equal(made.code, 0, made.stderr);
    const got = await mkmaHere(['inspect', cut]);
    if (got.code === 0) assert.match(got.stdout, /unverified/, `cut by ${size}`);
    else assert.match(got.stderr, /error: (the image is damaged|cannot read the image)/, `cut by ${size}`);
  }
});

test('a mirror that nobody serves, and one whose name does not resolve', async () => {
  for (const { ended, code } of await unreachable) {
    assert.equal(codeOf(ended), code);
    assert.equal(ended.code, 1);
    // That it is tried again is said as it happens.
    assert.match(ended.stderr, /try 2 of 4 in 2 seconds[\s\S]*try 4 of 4 in 15 seconds/);
  }
});
