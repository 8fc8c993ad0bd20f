/**
 * Encrypted media, made on whatever kernel: what is in the open, what is not, and that others can open it. Booting
 * them is long/encrypted-medium's.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createDecipheriv } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { clearCopies } from '../../src/host/media/boot-copies.js';
import { readMedium } from '../../src/host/media/medium.js';
import { openVolume } from '../../src/host/media/open-volume.js';
import type { MediumTools } from '../../src/host/media/programs.js';
import { chooseMirrors } from '../../src/host/mirror/mirrors.js';
import { PLAIN_REACH } from '../../src/host/mirror/reach.js';
import { fetchedMedium } from '../../src/host/steps/bootstrap/medium.js';
import { Interrupted } from '../../src/host/sys/run.js';
import { codeOf, mkma, temporary } from './cli.js';
import { asDevice, openingInitramfs, readByGrub, smallSet } from './medium.js';
import { inOwnMounts } from './persist/namespace.js';

inOwnMounts(import.meta.url);

const MIB = 2 ** 20;
const PASSPHRASE = 'zebra ß yak';
/** Little work for Argon2. */
const WEAK = ['--key-memory', '1'];

interface Place {
  readonly folder: string;
  readonly images: string;
  readonly passphrase: string;
}

/** Images that open encrypted volumes, and a file with the passphrase. */
function place(folder: string): Place {
  const images = openingInitramfs(smallSet(join(folder, 'images')));
  const passphrase = join(folder, 'passphrase');
  writeFileSync(passphrase, `${PASSPHRASE}\nnot this\n`);
  return { folder, images, passphrase };
}

const how = ({ images, passphrase }: Place): string[] => [
  ...['--output', images, '--json', '--encrypt', '--passphrase-file', passphrase, ...WEAK],
];

/** The suite's cryptsetup, from the cache that an installation filled. */
function cryptsetup(folder: string): (args: string[], input?: string) => string {
  const root = join(folder, 'programs');
  const mirrors = chooseMirrors(undefined);
  assert.ok(mirrors.ok);
  const cache = '/var/cache/mkma';
  const settings = { mirrors: mirrors.value, reach: PLAIN_REACH, refresh: false, architecture: 'amd64' };
  const fetched =
    fetchedMedium({ ...settings, suite: 'trixie', cache }, cache) ?? assert.fail('nothing cached');
  mkdirSync(root);
  const archive = join(fetched.path, 'tree.tar.zst');
  execFileSync('tar', ['-C', root, '--exclude=./dev/*', '-xf', archive, './usr/sbin', './usr/lib']);
  const libraries = join(root, 'usr/lib/x86_64-linux-gnu');
  const start = ['--library-path', libraries, join(root, 'usr/sbin/cryptsetup')];
  return (args, input = '') =>
    execFileSync(join(libraries, 'ld-linux-x86-64.so.2'), [...start, ...args], { input, encoding: 'utf8' });
}

/** Decrypts the storage of a medium, as the kernel would, into a file. */
function decrypted(medium: string, folder: string, secret: string): string {
  const { storage } = readMedium(medium) ?? assert.fail('no medium');
  const [header, clear] = [join(folder, 'header'), join(folder, 'clear')];
  const piece = Buffer.alloc(storage.bytes);
  const fd = openSync(medium, 'r');
  readSync(fd, piece, 0, piece.length, storage.start);
  closeSync(fd);
  writeFileSync(header, piece);
  const dump = ['luksDump', '--batch-mode', '--key-file=-', '--dump-volume-key', header];
  const printed = cryptsetup(folder)(dump, secret);
  const key = Buffer.from((/MK dump:([\s0-9a-f]+)/.exec(printed)?.[1] ?? '').replace(/\s/g, ''), 'hex');
  const out = openSync(clear, 'w');
  for (let at = 16 * MIB; at < piece.length; at += 4096) {
    const iv = Buffer.alloc(16);
    iv.writeBigUInt64LE(BigInt((at - 16 * MIB) / 512));
    const cipher = createDecipheriv('aes-256-xts', key, iv);
    writeSync(out, cipher.update(piece.subarray(at, at + 4096)), 0, 4096, at - 16 * MIB);
  }
  closeSync(out);
  return clear;
}

/** A file of an ext4 file system in a file. */
function catIn(fileSystem: string, path: string): Buffer {
  return execFileSync('debugfs', ['-R', `cat ${path}`, fileSystem], {
    maxBuffer: 2 ** 30,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

test('what is encrypted is a whole file system for whoever has the passphrase, and nowhere in the open', async () => {
  using folder = temporary({ onDisk: true });
  const made = place(folder.path);
  const file = join(folder.path, 'a.img');
  const done = await mkma(['install', file, '--size', '700M', ...how(made)]);
  assert.equal(done.code, 0, done.stderr);
  const found = readMedium(file) ?? assert.fail('no medium');
  // As an installation over it reports it.
  assert.equal(JSON.parse(done.stdout).uuid, found.uuid);
  const clear = decrypted(file, folder.path, PASSPHRASE);
  // Also that nothing beyond the used blocks is needed: what the medium had there before is anybody's.
  execFileSync('e2fsck', ['-fn', clear], { stdio: 'pipe' });
  const base = readFileSync(join(made.images, 'base.cpio.zst'));
  assert.ok(catIn(clear, '/mkma/generations/1/base.cpio.zst').equals(base));
  assert.equal(catIn(clear, '/mkma/.mkma/boot-device').toString(), `UUID=${found.uuid}\n`);
  const cmdline = catIn(clear, '/mkma/generations/1/cmdline').toString();
  assert.match(cmdline, new RegExp(`^mkma_luks=${found.encrypted?.luks} mkma_storage_device=UUID=`));
  // GRUB's own code reads the menu, kernel and initramfs, on the partition before.
  const menu = readByGrub(file, '/boot/grub/grub.cfg').toString();
  execFileSync('grub-script-check', [], { input: menu });
  assert.match(menu, new RegExp(`search --no-floppy --set=root --fs-uuid ${found.uuid}\n`));
  assert.ok(menu.includes(cmdline.trim()));
  const whole = readFileSync(file);
  for (const name of ['vmlinuz', 'initramfs.cpio.zst']) {
    const content = readFileSync(join(made.images, name));
    assert.ok(readByGrub(file, `/mkma/generations/1/${name}`).equals(content), name);
    assert.ok(whole.includes(content.subarray(0, 64)), name);
  }
  // The base of this test has zeros alone, but for its manifest.
  const trace = base.subarray(base.length - 600, base.length - 500);
  assert.ok(trace.some((byte) => byte !== 0));
  assert.equal(whole.includes(trace), false);
  for (const text of [PASSPHRASE, 'base.cpio.zst']) assert.equal(whole.includes(text), false, text);
});

test('a disk is encrypted over whatever was there, and read back', async () => {
  using folder = temporary({ onDisk: true });
  const made = place(folder.path);
  const file = join(folder.path, 'disk');
  // Old content everywhere: blocks that have to be zeros are written.
  writeFileSync(file, Buffer.alloc(640 * MIB, 0x5a));
  await asDevice(file, async (device) => {
    const confirm = ['--confirm', basename(device)];
    const done = await mkma(['install', device, ...confirm, ...how(made)]);
    assert.equal(done.code, 0, done.stderr);
    assert.match(done.stderr, /"stage":"verify"/);
  });
  const clear = decrypted(file, folder.path, PASSPHRASE);
  execFileSync('e2fsck', ['-fn', clear], { stdio: 'pipe' });
  const base = readFileSync(join(made.images, 'base.cpio.zst'));
  assert.ok(catIn(clear, '/mkma/generations/1/base.cpio.zst').equals(base));
});

test('where the inside is mounted, mkma generations changes the menu in the open, and removes kernels there', async () => {
  using folder = temporary({ onDisk: true });
  const made = place(folder.path);
  const file = join(folder.path, 'a.img');
  assert.equal((await mkma(['install', file, '--size', '700M', ...how(made)])).code, 0);
  const clear = decrypted(file, folder.path, PASSPHRASE);
  const [inside, outside] = [join(folder.path, 'inside'), join(folder.path, 'outside')];
  const { encrypted } = readMedium(file) ?? assert.fail('no medium');
  const where = ['--offset', `${encrypted?.boot.start}`, '--sizelimit', `${encrypted?.boot.bytes}`];
  const boot = execFileSync('losetup', ['--find', '--show', ...where, file], { encoding: 'utf8' }).trim();
  const onBoot = <T>(work: () => T): T => {
    execFileSync('mount', [boot, outside]);
    try {
      return work();
    } finally {
      execFileSync('umount', [outside]);
    }
  };
  for (const path of [inside, outside]) mkdirSync(path);
  execFileSync('mount', ['-o', 'loop', clear, inside]);
  try {
    const copy = (root: string, number: number): void => {
      execFileSync('cp', ['-al', `${root}/mkma/generations/1`, `${root}/mkma/generations/${number}`]);
    };
    for (const number of [2, 3]) copy(inside, number);
    // The third has no kernel in the open.
    onBoot(() => copy(outside, 2));
    const generations = async (...args: string[]) => {
      const env = { PATH: `${join(folder.path, 'bin')}:${process.env.PATH}` };
      const done = await mkma(['generations', ...args, '--output', join(inside, 'mkma'), '--json'], { env });
      assert.equal(done.code, 0, done.stderr);
      return onBoot(() => readFileSync(join(outside, 'boot/grub/grub.cfg'), 'utf8'));
    };
    // What is mounted for it is nobody else's, however the command ends.
    const bin = join(folder.path, 'bin');
    mkdirSync(bin);
    const freeze = `#!/bin/sh\nreadlink /proc/self/ns/mnt >${bin}/seen\nexec /sbin/fsfreeze "$@"\n`;
    writeFileSync(join(bin, 'fsfreeze'), freeze, { mode: 0o755 });
    const both = await generations('use', '1');
    assert.notEqual(readFileSync(join(bin, 'seen'), 'utf8').trim(), readlinkSync('/proc/self/ns/mnt'));
    assert.match(both, /^set default=mkma-box$/m);
    assert.deepEqual(
      [...both.matchAll(/mkma_images_path=(\S+)/g)].map(([, path]) => path),
      ['/mkma/generations/2', '/mkma/generations/1'],
    );
    const one = await generations('drop', '2');
    assert.doesNotMatch(one, /generations\/2/);
    assert.deepEqual(
      onBoot(() => readdirSync(join(outside, 'mkma/generations'))),
      ['1'],
    );
  } finally {
    execFileSync('umount', [inside]);
    execFileSync('losetup', ['--detach', boot]);
  }
});

test('a menu in the open is not written by the kernels beside it', async () => {
  using folder = temporary({ onDisk: true });
  const made = place(folder.path);
  const file = join(folder.path, 'a.img');
  assert.equal((await mkma(['install', file, '--size', '700M', ...how(made)])).code, 0);
  const { encrypted } = readMedium(file) ?? assert.fail('no medium');
  const root = join(folder.path, 'open');
  mkdirSync(root);
  const where = `loop,offset=${encrypted?.boot.start},sizelimit=${encrypted?.boot.bytes}`;
  execFileSync('mount', ['-o', where, file, root]);
  try {
    const menu = readFileSync(join(root, 'boot/grub/grub.cfg'), 'utf8');
    const generations = join(root, 'mkma/generations');
    execFileSync('cp', ['-al', join(generations, '1'), join(generations, '2')]);
    const done = await mkma(['generations', 'drop', '1', '--output', join(root, 'mkma'), '--json']);
    assert.equal(codeOf(done), 'entries-not-updated');
    assert.equal(readFileSync(join(root, 'boot/grub/grub.cfg'), 'utf8'), menu);
    assert.deepEqual(readdirSync(generations).sort(), ['1', '2']);
  } finally {
    execFileSync('umount', [root]);
  }
});

test('kernels of a dropped generation have no number any more when their removal is cut off', () => {
  using folder = temporary();
  const generations = join(folder.path, 'mkma/generations');
  for (const number of ['1', '2']) mkdirSync(join(generations, number, 'mounted'), { recursive: true });
  // Nothing is removed across a mount: as if it were cut off there.
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', join(generations, '2/mounted')]);
  assert.throws(() => clearCopies(folder.path, [1]));
  assert.deepEqual(readdirSync(generations).sort(), ['.new-2', '1']);
  execFileSync('umount', [join(generations, '.new-2/mounted')]);
  clearCopies(folder.path, [1]);
  assert.deepEqual(readdirSync(generations), ['1']);
});

test('a volume that was opened when its opening is interrupted is closed again', async () => {
  using folder = temporary({ onDisk: true });
  const target = join(folder.path, 'a.img');
  writeFileSync(target, Buffer.alloc(MIB));
  // This kernel may have no device mapper: a program in the place of cryptsetup, and names in a folder.
  mkdirSync('/dev/mapper', { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', '/dev/mapper']);
  const stop = new AbortController();
  const script = 'case $1 in open) touch /dev/mapper/$8; sleep 60;; close) rm /dev/mapper/$2;; esac';
  const cryptsetup = (args: readonly string[]) => ({ file: 'sh', args: ['-c', script, 'sh', ...args] });
  const tools = { root: '/', programs: { cryptsetup } } as unknown as MediumTools;
  const volume = { target, part: { start: 0, bytes: MIB }, luks: 'u', passphrase: Buffer.from(PASSPHRASE) };
  try {
    const opening = openVolume(tools, volume, stop.signal);
    const opened = (): string[] => readdirSync('/dev/mapper');
    while (opened().length === 0) await sleep(20);
    assert.deepEqual(opened(), ['mkma-install-u']);
    stop.abort();
    await assert.rejects(opening, Interrupted);
    assert.deepEqual(opened(), []);
    assert.equal(execFileSync('losetup', ['--associated', target], { encoding: 'utf8' }), '');
  } finally {
    execFileSync('umount', ['/dev/mapper']);
  }
});

test('what cannot be encrypted, or opened later, is refused before anything is written', async () => {
  using folder = temporary({ onDisk: true });
  const made = place(folder.path);
  const { images, passphrase } = made;
  const file = join(folder.path, 'a.img');
  const refusal = async (...args: string[]): Promise<string> =>
    codeOf(await mkma(['install', file, '--output', images, '--json', ...args]));
  // Nobody to ask.
  assert.equal(await refusal('--encrypt'), 'passphrase-unfit');
  for (const bad of ['', '\n', 'with\ttab', 'x'.repeat(513)]) {
    writeFileSync(join(folder.path, 'bad'), bad);
    assert.equal(
      await refusal('--encrypt', '--passphrase-file', join(folder.path, 'bad')),
      'passphrase-unfit',
    );
  }
  assert.equal(await refusal('--encrypt', '--passphrase-file', '/nowhere'), 'passphrase-unfit');
  assert.equal(await refusal('--key-memory', '64'), 'option-unfit');
  // Whoever names a passphrase never gets a medium that is not encrypted.
  assert.equal(await refusal('--passphrase-file', passphrase), 'option-unfit');
  assert.equal(await refusal(...how(made), '--size', '300M'), 'medium-too-small');
  const plain = openingInitramfs(smallSet(join(folder.path, 'plain')), []);
  const lacking = await mkma(['install', file, ...how({ ...made, images: plain })]);
  assert.equal(codeOf(lacking), 'initramfs-cannot-open');
  assert.match(lacking.stderr, /initramfs: \{ storage: \['luks'\] \}/);
  assert.deepEqual(
    readdirSync(folder.path).filter((name) => name.includes('.img')),
    [],
  );
  // A medium that is not encrypted stays so; an encrypted one needs its passphrase.
  assert.equal((await mkma(['install', file, '--output', images])).code, 0);
  assert.equal(await refusal('--encrypt', '--passphrase-file', passphrase), 'option-unfit');
  assert.equal(await refusal('--passphrase-file', passphrase), 'option-unfit');
});

test('an interruption while it is encrypted leaves nothing, in RAM or on the disk', async () => {
  using folder = temporary({ onDisk: true });
  const made = place(folder.path);
  truncateSync(join(made.images, 'base.cpio.zst'), 0);
  smallSet(made.images, { baseBytes: 60 * MIB });
  openingInitramfs(made.images);
  const before = readdirSync('/dev/shm').length;
  const file = join(folder.path, 'a.img');
  let sent = false;
  const { code, stdout, stderr } = await mkma(['install', file, ...how(made)], {
    onStderr: (text, child) => {
      if (sent || !text.includes('"stage":"encrypt"')) return;
      sent = true;
      child.kill('SIGINT');
    },
  });
  assert.equal(code, 130, stdout + stderr);
  assert.deepEqual(
    readdirSync(folder.path).filter((name) => name.includes('.img')),
    [],
  );
  assert.equal(readdirSync('/dev/shm').length, before);
});
