/** What others do to files while `mkma persist` works, and what an attacker may try with that. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
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
const dist = join(repository, 'dist');
const machine = new TestMachine({ images: sharedImages(), dist, scratch: folder.path });
process.on('exit', () => {
  machine.close();
  folder[Symbol.dispose]();
});

/** Files of the base for {@link machine}: more than the engine takes as arguments of one call. */
const MANY = 66_000;

const at = (path: string): string => join(machine.merged, path);
const put = (path: string, text: string | Buffer = 'x'): void => writeFileSync(at(path), text);

beforeEach((context) => {
  machine.newBase((base) => {
    mkdirSync(join(base, 'root'));
    if (!('name' in context) || !context.name.startsWith('many')) return;
    mkdirSync(join(base, 'many'));
    for (let i = 0; i < MANY; i++) writeFileSync(join(base, 'many', String(i)), '');
  });
  machine.boot();
});

/** Save with an editor that keeps the list as it is, and does something meanwhile. */
function saveWhile(command: string): void {
  writeFileSync(join(machine.root, 'tmp/edit'), `#!/bin/sh\nset -e; cd /overlay/fresh\n${command}\n`);
  chmodSync(join(machine.root, 'tmp/edit'), 0o755);
  const { code, stdout, stderr } = machine.mkma(['persist', '--level', '1'], { EDITOR: '/tmp/edit' });
  assert.equal(code, 0, stderr + stdout);
}

test('what changes while the list is open is saved as it is then; links and FIFOs in the way lead nowhere', () => {
  const secret = join(machine.root, 'tmp/secret');
  mkdirSync(secret);
  writeFileSync(join(secret, 'inside'), 'SECRET-OF-ROOT', { mode: 0o600 });
  for (const name of ['link', 'fifo', 'gone', 'grown', 'kept']) put(`root/${name}`, '12345678901234');
  mkdirSync(at('root/folder'));
  put('root/folder/inside', '12345678901234');
  // In the upper directory itself: what a program of the machine does there through the view.
  saveWhile(`cd root; rm link fifo gone; ln -s /tmp/secret/inside link; mkfifo fifo; echo more >>grown
mv folder moved; ln -s /tmp/secret folder`);
  machine.boot();
  assert.deepEqual(readdirSync(at('root')).sort(), ['fifo', 'folder', 'grown', 'kept', 'link']);
  assert.equal(readlinkSync(at('root/link')), '/tmp/secret/inside');
  assert.equal(readlinkSync(at('root/folder')), '/tmp/secret');
  assert.ok(lstatSync(at('root/fifo')).isFIFO());
  assert.equal(readFileSync(at('root/grown'), 'utf8'), '12345678901234more\n');
});

test('another medium in the place of the one that was looked at: nothing is written on it', () => {
  put('root/a');
  const swap = `mount ${machine.loop} /mnt; echo another >/mnt/images/base.cpio.zst; umount /mnt`;
  writeFileSync(join(machine.root, 'tmp/edit'), `#!/bin/sh\nset -e; ${swap}\n`);
  chmodSync(join(machine.root, 'tmp/edit'), 0o755);
  const { code, stderr } = machine.mkma(['persist', '--level', '1'], { EDITOR: '/tmp/edit' });
  assert.match(stderr, /error: the storage device changed since it was read \[storage-changed\]\n/);
  assert.equal(code, 1);
  assert.deepEqual(machine.files(), ['base.cpio.zst']);
});

test('a folder of images that is a link on the medium: what it means there, and nothing of the machine', () => {
  put('root/a');
  const decoy = join(machine.root, 'var/images');
  mkdirSync(decoy);
  machine.onStorage((storage) => {
    mkdirSync(join(storage, 'var'));
    renameSync(join(storage, 'images'), join(storage, 'var/images'));
    symlinkSync('/var/images', join(storage, 'images'));
  });
  const { code, stderr } = machine.mkma(['persist', '--all', '--level', '1']);
  machine.onStorage((storage) => {
    rmSync(join(storage, 'images'));
    renameSync(join(storage, 'var/images'), join(storage, 'images'));
    rmSync(join(storage, 'var'), { recursive: true });
  });
  assert.deepEqual([code, readdirSync(decoy)], [0, []], stderr);
  rmSync(decoy, { recursive: true });
  assert.equal(machine.files().length, 2);
});

test('the packer reads nothing but the file that was found, and tells of every other', () => {
  const upper = join(machine.root, 'tmp/upper');
  mkdirSync(upper);
  for (const name of ['as found', 'other', 'touched', '\u00e9\n'])
    writeFileSync(join(upper, name), 'CONTENT-');
  symlinkSync('as found', join(upper, 'link'));
  execFileSync('mkfifo', [join(upper, 'fifo')]);
  const plain = { mode: 0o100644, uid: 0, gid: 0, ino: 1, nlink: 1, mtime: 0, rdevMajor: 0, rdevMinor: 0 };
  const facts = (name: string) =>
    execFileSync('find', [join(upper, name), '-printf', '%i %C@'], { encoding: 'utf8' }).split(' ');
  const record = (path: string, found: string[]) => {
    const [ino, changed] = found;
    return { ...plain, path, size: 8, data: 'file', found: { ino, changed } };
  };
  const records = [
    record('as found', facts('as found')),
    record('other', ['1', '1.0']),
    record('touched', [facts('touched')[0] as string, '1.5000000000']),
    record('link', facts('link')),
    record('fifo', facts('fifo')),
    record('gone', ['1', '1.0']),
    record('\u00e9\n', ['1', '1.0']),
  ];
  const plan = { from: 0, to: 2 ** 20, root: '/tmp/upper', records, aliases: {} };
  writeFileSync(join(machine.root, 'tmp/plan'), JSON.stringify(plan));
  const argv = [machine.root, 'qjs', '-m', '/usr/lib/mkma/pack.js', '/tmp/plan'];
  const { status, stdout, stderr } = spawnSync('chroot', argv, { encoding: 'utf8', timeout: 20_000 });
  assert.equal(status, 3);
  assert.deepEqual(stderr.split('\0'), ['rother', 'ctouched', 'rlink', 'rfifo', 'rgone', 'r\u00e9\n', '']);
  assert.equal(stdout.match(/CONTENT-/g)?.length, 2);
});

test('names that every object of the language has are files like others', () => {
  for (const name of ['constructor', 'toString', '__proto__']) put(name, `of ${name}`);
  const { code, stderr } = machine.mkma(['persist', '--all', '--level', '1']);
  assert.equal(code, 0, stderr);
  machine.boot();
  for (const name of ['constructor', 'toString', '__proto__'])
    assert.equal(readFileSync(at(name), 'utf8'), `of ${name}`);
});

test('SIGTERM for mkma alone: all that it has started is gone, and with it the mount', async () => {
  put('root/noise', spawnSync('head', ['-c', '40000000', '/dev/urandom'], { maxBuffer: 2 ** 26 }).stdout);
  const env = { ...process.env, PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
  const child = spawn('chroot', [machine.root, '/usr/bin/mkma', 'persist', '--all'], {
    stdio: 'ignore',
    env,
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  while (holders().length === 0 || !packs()) await sleep(20);
  child.kill('SIGTERM');
  await ended;
  for (let i = 0; i < 100 && holders().length > 0; i++) await sleep(20);
  assert.deepEqual(holders(), []);
});

test('the small program that starts the others is ended: told, and nothing is left', async () => {
  put('root/noise', spawnSync('head', ['-c', '40000000', '/dev/urandom'], { maxBuffer: 2 ** 26 }).stdout);
  const child = spawn('chroot', [machine.root, '/usr/bin/mkma', 'persist', '--all'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
  });
  let words = '';
  child.stderr.on('data', (piece: Buffer) => {
    words += piece;
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  while (!packs()) await sleep(20);
  const starters = pidsOf((command) => command.startsWith('qjs\0-m\0/usr/lib/mkma/start.js'));
  // Others of that name are about to become something else.
  process.kill(Math.min(...starters.map(Number)), 'SIGKILL');
  assert.equal(await ended, 1);
  assert.match(words, /the program that starts others was ended/);
  for (let i = 0; i < 100 && holders().length > 0; i++) await sleep(20);
  assert.deepEqual(holders(), []);
  assert.deepEqual(machine.files(), ['base.cpio.zst']);
});

/** Processes in whose mount namespace the storage is mounted. */
function holders(): string[] {
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && mounts(pid).includes(machine.loop));
}

function mounts(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/mounts`, 'utf8');
  } catch {
    return '';
  }
}

/** Whether a frame is being packed. */
function packs(): boolean {
  return pidsOf((command) => command.startsWith('zstd\0--single-thread')).length > 0;
}

/** Processes of this machine: other tests run at the same time. */
function pidsOf(known: (command: string) => boolean): string[] {
  return readdirSync('/proc').filter(
    (pid) => /^\d+$/.test(pid) && known(commandOf(pid)) && rootOf(pid) === machine.root,
  );
}

function rootOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/root`);
  } catch {
    return '';
  }
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

test("a path that the kernel takes only piece by piece: refused by name where it is chosen, in nobody's way elsewhere", () => {
  put('root/a');
  const deep =
    "for (let i = 0; i < 20; i++) { fs.mkdirSync('d'.repeat(250)); process.chdir('d'.repeat(250)); }";
  execFileSync(process.execPath, ['-e', `${deep} fs.writeFileSync('file', 'x')`], { cwd: at('root') });
  const refused = machine.mkma(['persist', '--all', '--level', '1']);
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    /^error: a newc archive cannot hold a path of \d+ bytes or more: \/root\/dddd/,
  );
  const { code, stdout, stderr } = machine.mkma(['persist', '--deselect', '/root/d*', '--level', '1']);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /saved 1 change /);
});

test('attributes with any name, and those that are called as an overlay calls its own', () => {
  put('root/a');
  for (const name of ['user.a\nb=c', 'user.overlay.opaque', 'user.plain']) {
    execFileSync('setfattr', ['--name', name, '--value', 'v', at('root/a')]);
  }
  const { code, stderr } = machine.mkma(['persist', '--all', '--level', '1']);
  assert.equal(code, 0, stderr);
  machine.boot();
  const dump = execFileSync('getfattr', ['--dump', '--match=^user', '--absolute-names', at('root/a')]);
  const names = dump
    .toString()
    .split('\n')
    .filter((line) => line.startsWith('user'))
    .sort();
  assert.deepEqual(names, ['user.a\\012b\\075c="v"', 'user.overlay.opaque="v"', 'user.plain="v"']);
});

test('a layer that was damaged, or made way for another file, holds nothing of this boot any more', () => {
  put('root/a');
  assert.equal(machine.mkma(['persist', '--all', '--level', '1']).code, 0);
  machine.onStorage((storage) => {
    const images = join(storage, 'images');
    const name = readdirSync(images).find((one) => one.startsWith('persistence.')) as string;
    renameSync(join(images, name), join(images, 'kept'));
    writeFileSync(join(images, name), readFileSync(join(images, 'kept')).subarray(0, -100));
  });
  const { code, stdout } = machine.mkma(['persist', '--all', '--level', '1', '--json']);
  assert.equal(code, 0);
  const { changes } = JSON.parse(stdout) as { changes: { path: string }[] };
  assert.deepEqual(
    changes.map(({ path }) => path),
    ['/root/a'],
  );
});

test('many files below: owners of all of them changed', () => {
  for (let i = 0; i < MANY; i++) lchownSync(at(`many/${i}`), 1, 1);
  const { code, stdout, stderr } = machine.mkma(['persist', '--all', '--level', '1']);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /saved 66000 changes/);
  machine.boot();
  assert.equal(statSync(at(`many/${MANY - 1}`)).uid, 1);
});

test('a full /tmp drops no deletion in silence', () => {
  const temp = join(machine.root, 'tmp');
  const names = Array.from({ length: 3000 }, (_, i) => `root/a rather long name of a file ${i}`);
  machine.newBase((base) => {
    mkdirSync(join(base, 'root'));
    for (const name of names) writeFileSync(join(base, name), '');
  });
  machine.boot();
  for (const name of names) rmSync(at(name));
  for (const size of ['64k', '128k', '240k', '400k']) {
    execFileSync('mount', ['-o', `remount,size=${size}`, temp]);
    const { code, stdout, stderr } = machine.mkma(['persist', '--all', '--dry-run']);
    if (code !== 0) assert.match(stderr, /^error: no space left in \/tmp \[no-room\]\n/, size);
    else assert.match(stdout, /would be saved: 3000 changes/, size);
  }
  execFileSync('mount', ['-o', 'remount,size=50%', temp]);
  assert.match(machine.mkma(['persist', '--all', '--dry-run']).stdout, /would be saved: 3000 changes/);
});
