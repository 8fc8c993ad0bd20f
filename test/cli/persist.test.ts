/** `mkma persist` under real QuickJS, on a real overlay, with its storage on a loop device. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { repository, temporary } from './cli.js';
import { sharedImages } from './images.js';
import { TestMachine } from './persist/machine.js';
import { inOwnMounts } from './persist/namespace.js';

inOwnMounts(import.meta.url);

const folder = temporary();
const machine = new TestMachine({
  ...{ images: sharedImages(), dist: join(repository, 'dist'), scratch: folder.path },
  ...{ storageBytes: 24 * 2 ** 20, ramBytes: 2 ** 30 },
});
process.on('exit', () => {
  machine.close();
  folder[Symbol.dispose]();
});

const at = (path: string): string => join(machine.merged, path);
const put = (path: string, text: string | Buffer = 'x'): void => writeFileSync(at(path), text);
const read = (path: string): string => readFileSync(at(path), 'utf8');
/** An editor: a shell command, with the list as $1. */
const editor = (command: string) => ({ EDITOR: `sh -c '${command}' editor` });
const layers = (): string[] => machine.files().filter((name) => name.startsWith('persistence.'));

beforeEach(() => {
  machine.newBase((base) => {
    for (const name of ['etc', 'root', 'srv/old']) mkdirSync(join(base, name), { recursive: true });
    for (const name of ['etc/hosts', 'etc/issue', 'srv/old/a', 'srv/old/b'])
      writeFileSync(join(base, name), 'base');
  });
  machine.boot();
});

/** So that what does not change afterwards is seen not to have (core/overlay/snapshot.ts, TICK). */
function settle(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 150);
}

/** Save, and expect that to go well. */
function save(args: string[], env: Record<string, string> = {}): string {
  settle();
  const { code, stdout, stderr } = machine.mkma(['persist', '--level', '1', ...args], env);
  assert.equal(code, 0, stderr + stdout);
  return stdout;
}

/** Save, and expect a refusal; returns its words. The folder of the images stays as it was. */
function refused(args: string[], env: Record<string, string> = {}): string {
  const before = machine.files();
  const { code, stderr } = machine.mkma(['persist', '--level', '1', ...args], env);
  assert.equal(code, 1, stderr);
  assert.deepEqual(machine.files(), before);
  return stderr;
}

test('storage that somebody has mounted for writing is read and written all the same, and stays mounted there', () => {
  const mnt = join(machine.root, 'mnt');
  execFileSync('mount', [machine.loop, mnt]);
  try {
    put('root/kept');
    assert.match(save(['--all']), /saved 1 change /);
    assert.equal(readdirSync(join(mnt, 'images')).length, 2);
  } finally {
    execFileSync('umount', [mnt]);
  }
  assert.equal(layers().length, 1);
});

test('the list: every kind of change, folders with sums; what is deleted from it is not kept', () => {
  put('root/kept', 'k'.repeat(2048));
  put('root/dropped');
  mkdirSync(at('root/folder'));
  put('root/folder/inside');
  put('etc/hosts', 'changed');
  rmSync(at('etc/issue'));
  rmSync(at('srv/old'), { recursive: true });
  put('srv/old', 'a file now');
  const copy = join(machine.root, 'tmp/list');
  save(['--expand'], editor(`cp "$1" /tmp/list; sed -i "/dropped/d; \\\\#/root/folder\\$#d" "$1"`));
  const list = readFileSync(copy, 'utf8')
    .split('\n')
    .filter((line) => !line.startsWith('#') && line !== '');
  assert.deepEqual(list, [
    'folder         7 B  /etc',
    'changed        7 B  /etc/hosts',
    'deleted          -  /etc/issue',
    'folder    2.00 KiB  /root',
    'new            1 B  /root/dropped',
    'new            1 B  /root/folder',
    'new            1 B  /root/folder/inside',
    'new       2.00 KiB  /root/kept',
    'folder        10 B  /srv',
    'retyped       10 B  /srv/old',
  ]);
  machine.boot();
  assert.deepEqual(readdirSync(at('root')), ['kept']);
  assert.deepEqual(
    [existsSync(at('etc/issue')), read('etc/hosts'), read('srv/old')],
    [false, 'changed', 'a file now'],
  );
});

test('what was not chosen is listed again, what was saved is not', () => {
  put('root/a');
  put('root/b');
  save(['--deselect', '/root/b']);
  const again = save(['--all', '--dry-run']);
  assert.match(again, /^new +1 B {2}\/root\/b\nwould be saved: 1 change, /m);
  assert.equal(layers().length, 1);
});

test('a bar shows what is not saved, also after a part of it was', () => {
  const bar = (): string =>
    (JSON.parse(machine.mkma(['status', '--bar'], {}).stdout) as { text: string }).text;
  put('root/first');
  save(['--all']);
  assert.doesNotMatch(bar(), /\+/);
  put('root/a', Buffer.alloc(4 * 2 ** 20, 'a'));
  put('root/b', Buffer.alloc(2 * 2 ** 20, 'b'));
  assert.match(bar(), / \+6\.\d+ MiB$/);
  save(['--select', '/root/a']);
  assert.match(bar(), / \+2\.\d+ MiB$/);
  save(['--all']);
  assert.doesNotMatch(bar(), /\+/);
});

test('patterns as in gitignore, with the folders that what they choose needs', () => {
  mkdirSync(at('root/new/deep'), { recursive: true });
  for (const name of ['a.log', 'b.txt', 'new/c.txt', 'new/deep/d.txt', 'new/e.log']) put(`root/${name}`);
  const paths = (args: string[]): string[] =>
    (JSON.parse(save(['--dry-run', '--json', ...args])) as { changes: { path: string }[] }).changes.map(
      ({ path }) => path,
    );
  assert.deepEqual(paths(['--select', '*.txt', '--deselect', 'deep/']), [
    '/root/b.txt',
    '/root/new',
    '/root/new/c.txt',
  ]);
  assert.deepEqual(paths(['--select', '/root/new/deep']), [
    '/root/new',
    '/root/new/deep',
    '/root/new/deep/d.txt',
  ]);
  assert.deepEqual(paths(['--select', '*.txt', '--deselect', '/root/new']), ['/root/b.txt']);
  assert.deepEqual(paths(['--select', '*.TXT']), []);
});

test('an editor gets its signals as they were', () => {
  put('root/a');
  const { code, stderr } = machine.mkma(
    ['persist', '--level', '1'],
    editor('grep -q "^SigIgn:.*0000$" /proc/self/status'),
  );
  assert.equal(code, 0, stderr);
});

test("the caller's environment changes nothing of what is saved, and is the editor's as it was", () => {
  put('root/a', 'x'.repeat(1 << 20));
  const hostile = {
    ...{ TAR_OPTIONS: '--exclude=*', ZSTD_CLEVEL: '19', FIND_BLOCK_SIZE: '1', POSIXLY_CORRECT: '1' },
    ...{ LC_ALL: 'xx_XX', LANGUAGE: 'xx', GZIP: '-9', TERM: 'vt220', HOME: '/root' },
  };
  const kept = '[ "$TERM$HOME$LC_ALL$TAR_OPTIONS" = "vt220/rootxx_XX--exclude=*" ]';
  save([], { ...hostile, ...editor(kept) });
  machine.boot();
  assert.equal(read('root/a').length, 1 << 20);
});

test('nothing changed, an emptied list: nothing is written', () => {
  assert.equal(save(['--all']), 'nothing to save\n');
  put('root/a');
  assert.equal(save([], editor(': >"$1"')), 'nothing to save\n');
  assert.deepEqual(layers(), []);
});

test('an editor that fails, a line that was not offered: told, and nothing is written', () => {
  put('root/a');
  assert.match(
    refused([], { EDITOR: 'false' }),
    /^error: the editor failed \(exit code 1\): false \[editor-failed\]\n/,
  );
  assert.match(
    refused([], editor('echo "new 1 B /etc/shadow" >>"$1"')),
    /^error: invalid line in the edited list: line \d+: new 1 B \/etc\/shadow \[edited-list-invalid\]\n {2}why: the list had no such change\n/,
  );
});

test('the layer: root alone may read it, its label is in its name, its manifest tells what it is', () => {
  put('root/a');
  const said = JSON.parse(save(['--all', '--name', 'first', '--json'])) as {
    layer: { file: string; id: string };
  };
  assert.match(said.layer.file, /^persistence\.\d{8}_\d{6}_first\.cpio\.zst$/);
  machine.onStorage((storage) => {
    const file = join(storage, 'images', said.layer.file);
    assert.equal(statSync(file).mode & 0o7777, 0o600);
    const unpacked = join(folder.path, 'unpacked');
    mkdirSync(unpacked);
    const stock = spawnSync('sh', ['-c', `zstd -dc '${file}' | cpio -idm --quiet`], {
      cwd: unpacked,
      encoding: 'utf8',
    });
    assert.deepEqual(
      [stock.status, stock.stderr, readFileSync(join(unpacked, 'root/a'), 'utf8')],
      [0, '', 'x'],
    );
    const info = spawnSync(
      process.execPath,
      [join(repository, 'dist/host/main.js'), 'inspect', '--json', file],
      { encoding: 'utf8' },
    );
    const { manifest } = JSON.parse(info.stdout) as {
      manifest: { id: string; kind: string; layer: { base: string } };
    };
    assert.deepEqual(
      [manifest.kind, manifest.id, manifest.layer.base],
      ['layer', said.layer.id, `sha256:${'ab'.repeat(32)}`],
    );
  });
});

test('the device is full: told, and no trace is left of what did not fit', () => {
  const noise = spawnSync('head', ['-c', String(30 * 2 ** 20), '/dev/urandom'], {
    maxBuffer: 2 ** 26,
  }).stdout;
  put('root/noise', noise);
  const words = refused(['--all']);
  assert.match(
    words,
    /error: the layer does not fit on the storage device \[storage-full\]\n {2}why: .*No space left on device/,
  );
  rmSync(at('root/noise'));
  put('root/small');
  save(['--all']);
  assert.equal(layers().length, 1);
});

test('the device cannot be written, is held read-only by the user, or is gone: told before anything is written', () => {
  put('root/a');
  spawnSync('blockdev', ['--setro', machine.loop]);
  const locked = refused(['--all']);
  spawnSync('blockdev', ['--setrw', machine.loop]);
  assert.match(
    locked,
    /^error: cannot mount the storage device for writing: \/dev\/loop\d+ \(ext4\) \[storage-not-writable\]$/m,
  );
  machine.onStorage((mounted) => {
    spawnSync('mount', ['-o', 'remount,ro', mounted]);
    const { code, stderr } = machine.mkma(['persist', '--all']);
    assert.equal(code, 1);
    assert.match(stderr, /^error: cannot mount the storage device for writing/m);
  });
});

test('a layer that the next boot has no room for is refused with numbers; holes do not count', () => {
  put('root/holes');
  truncateSync(at('root/holes'), 1.25 * 2 ** 30);
  save(['--all']);
  machine.boot();
  assert.equal(statSync(at('root/holes')).size, 1.25 * 2 ** 30);
  // Several frames in one segment.
  const [file] = layers();
  machine.onStorage((storage) => {
    const argv = [join(repository, 'dist/host/main.js'), 'inspect', join(storage, 'images', file as string)];
    const { status, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  });
  assert.ok(statSync(at('root/holes')).blocks < 100, 'holes stay holes in RAM');
  put('root/large', Buffer.alloc(2 ** 20, 'x'));
  for (let i = 0; i < 1000; i++) put(`root/${i}`, Buffer.alloc(2 ** 20, 'x'));
  assert.match(
    refused(['--all']),
    /error: the next boot would not have room for this: mkma_size, 1024 MiB on this machine \[ram-too-small\]\n {2}why: the images would take 10\d\d MiB/,
  );
});

test('a file that no archive can hold is refused by name, and only where it is chosen', () => {
  put('root/huge');
  truncateSync(at('root/huge'), 2 ** 32);
  put('root/a');
  assert.match(refused(['--all']), /cannot hold a file of 4 GiB or more: \/root\/huge \[file-too-large\]\n/);
  save(['--deselect', '/root/huge']);
});

test('one at a time: the second is told who is at it', async () => {
  put('root/a');
  const env = { ...process.env, PATH: '/usr/sbin:/usr/bin:/sbin:/bin', EDITOR: 'sleep 3; true' };
  const first = spawn('chroot', [machine.root, '/usr/bin/mkma', 'persist', '--level', '1'], {
    stdio: 'ignore',
    env,
  });
  const ended = new Promise((resolve) => first.once('close', resolve));
  await sleep(1500);
  assert.match(
    refused(['--all']),
    /error: another mkma is changing the layers: .*\n {2}why: held by process \d+, since 20/,
  );
  assert.equal(await ended, 0);
  assert.equal(layers().length, 1);
});

test('killed at any moment: nothing is mounted, nothing has a final name, and the next one cleans up', async () => {
  for (let i = 0; i < 20; i++) put(`root/${i}`, spawnSync('head', ['-c', '300000', '/dev/urandom']).stdout);
  for (const [i, signal] of (
    ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL', 'SIGTERM'] as const
  ).entries()) {
    const env = { ...process.env, PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
    const argv = [machine.root, '/usr/bin/mkma', 'persist', '--all', '--level', '19'];
    const child = spawn('chroot', argv, { stdio: 'ignore', env, detached: true });
    const ended = new Promise((resolve) => child.once('close', resolve));
    await sleep(400 + i * 300);
    if (child.exitCode === null) process.kill(-(child.pid as number), signal);
    await ended;
    if (layers().length > 0) break;
    assert.doesNotMatch(readFileSync('/proc/self/mounts', 'utf8'), /run\/mkma\/storage/);
  }
  if (layers().length === 0) save(['--all']);
  assert.deepEqual(machine.files(), ['base.cpio.zst', ...layers()]);
  machine.boot();
  assert.equal(statSync(at('root/19')).size, 300000);
});

test('a second snapshot in the same boot stores only what the first does not hold, and what it took away', async () => {
  put('root/kept', spawnSync('head', ['-c', '500000', '/dev/urandom']).stdout);
  put('root/lost');
  mkdirSync(at('root/tree'));
  put('root/tree/x');
  await sleep(150);
  save(['--all']);
  rmSync(at('root/lost'));
  rmSync(at('root/tree'), { recursive: true });
  put('root/more');
  const second = JSON.parse(save(['--all', '--json'])) as { changes: unknown; layer: { bytes: number } };
  assert.deepEqual(second.changes, [
    { kind: 'deleted', path: '/root/lost' },
    { kind: 'new', path: '/root/more' },
    { kind: 'deleted', path: '/root/tree' },
  ]);
  assert.ok(second.layer.bytes < 5000);
  machine.boot();
  assert.deepEqual(readdirSync(at('root')).sort(), ['kept', 'more']);
  // Without the layer it was compared with, a snapshot would not be one: what is gone from the medium counts as unsaved.
  put('root/after');
  save(['--all']);
  machine.onStorage((storage) => rmSync(join(storage, 'images', layers0(storage))));
  assert.match(save(['--all', '--dry-run']), /new +1 B {2}\/root\/after/);
});

/** The last layer on the mounted storage. */
function layers0(storage: string): string {
  return readdirSync(join(storage, 'images')).sort().at(-1) as string;
}

test('a folder whose own change was not chosen keeps the mode it had', () => {
  chmodSync(at('root'), 0o1777);
  put('root/a');
  save([], editor('sed -i "/^changed/s/.*\\\\/root\\$//" "$1"'));
  assert.equal(layers().length, 0, 'the line of a folder stands for all under it');
  save(['--select', '/root/a']);
  machine.boot();
  assert.equal(statSync(at('root')).mode & 0o7777, 0o755);
  assert.equal(read('root/a'), 'x');
});

test('status: where the most of what changed lies, and what the next boot will need, without the storage', () => {
  mkdirSync(at('srv/data'));
  for (const name of ['a', 'b', 'c']) put(`srv/data/${name}`, Buffer.alloc(2 ** 20, name));
  put('root/sp ace', Buffer.alloc(65_536, 1));
  const status = () => {
    const { code, stdout, stderr } = machine.mkma(['status', '--json']);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
  };
  const before = status();
  assert.deepEqual(before.memory.largest, [
    { path: '/srv/data', bytes: 3 * 2 ** 20 },
    { path: '/root/sp ace', bytes: 65_536 },
  ]);
  assert.deepEqual(before.nextBoot, {
    ...{ bytes: 2 ** 20, of: 2 ** 30, fits: true },
    images: [{ name: 'base', unpackedBytes: 2 ** 20, names: 3 }],
  });
  save(['--all']);
  const layer = (layers()[0] ?? '').slice('persistence.'.length, -'.cpio.zst'.length);
  const bytes = 3 * 2 ** 20 + 65_536;
  // The root, /root and /srv, /srv/data, and four files.
  assert.deepEqual(status().nextBoot.images[1], { name: layer, unpackedBytes: bytes, names: 8 });
  assert.equal(status().nextBoot.bytes, 2 ** 20 + bytes);
  assert.equal(machine.mkma(['layers', 'disable', layer]).code, 0);
  assert.equal(status().nextBoot.bytes, 2 ** 20);
  assert.equal(machine.mkma(['layers', 'enable', layer]).code, 0);
  assert.equal(status().nextBoot.bytes, 2 ** 20 + bytes);
});

test('a base that is gone from the storage, or another one, is warned of', () => {
  put('root/a');
  machine.onStorage((storage) => rmSync(join(storage, 'images/base.cpio.zst')));
  assert.match(save(['--all']), /^warning: the medium no longer has a base: nothing boots without one\n/m);
});

test('what a layer deletes is not listed either once the layer that had it is gone', () => {
  mkdirSync(at('srv/folder'), { recursive: true });
  put('srv/folder/file');
  put('srv/folder/other');
  save(['--all']);
  const [first = ''] = layers();
  machine.boot();
  rmSync(at('srv/folder/file'));
  save(['--all']);
  machine.onStorage((storage) => rmSync(join(storage, 'images', first)));
  machine.boot();
  assert.deepEqual(readdirSync(at('srv/folder')), []);
});
