/** Ways around the refusals of `mkma install`, and states that it must not leave. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { Disk } from '../../src/host/media/disk.js';
import { readMedium } from '../../src/host/media/medium.js';
import { findSet } from '../../src/host/media/source.js';
import { updateMedium } from '../../src/host/media/update.js';
import { codeOf, mkma, temporary } from './cli.js';
import { asDevice, onMedium, readByGrub, smallSet } from './medium.js';
import { inOwnMounts } from './persist/namespace.js';

inOwnMounts(import.meta.url);

const MIB = 2 ** 20;

/** The code of the refusal. */
async function refusal(target: string, images: string, ...more: string[]): Promise<string> {
  return codeOf(await mkma(['install', target, '--output', images, '--json', ...more]));
}

async function install(target: string, images: string, ...more: string[]): Promise<void> {
  const done = await mkma(['install', target, '--output', images, ...more]);
  assert.equal(done.code, 0, done.stderr);
}

/** A file with a file system that is mounted while `work` has its loop device. */
async function whileMounted(folder: string, work: (device: string, file: string) => Promise<void>) {
  const [file, root] = [join(folder, 'disk'), join(folder, 'root')];
  writeFileSync(file, '');
  truncateSync(file, 200 * MIB);
  execFileSync('mkfs.ext4', ['-q', file]);
  mkdirSync(root);
  await asDevice(file, async (device) => {
    execFileSync('mount', ['-o', 'ro', device, root]);
    try {
      await work(device, file);
    } finally {
      execFileSync('umount', [root]);
    }
  });
}

test('a loop device does not hide who uses what it is over', async () => {
  using folder = temporary({ onDisk: true });
  const images = smallSet(join(folder.path, 'images'));
  await whileMounted(folder.path, async (device, file) => {
    const before = readFileSync(file);
    await asDevice(device, async (over) =>
      assert.equal(await refusal(over, images, '--confirm', basename(over)), 'target-not-disk'),
    );
    await asDevice(file, async (beside) =>
      assert.equal(await refusal(beside, images, '--confirm', basename(beside)), 'target-in-use'),
    );
    assert.ok(before.equals(readFileSync(file)));
  });
});

test('a disk that was mounted since it was looked at is not opened for writing', async () => {
  using folder = temporary({ onDisk: true });
  await whileMounted(folder.path, async (device) => {
    const opened = await Disk.openAlone(device);
    assert.equal(opened.ok ? '' : opened.problem.code, 'target-in-use');
  });
  const file = join(folder.path, 'disk');
  await asDevice(file, async (device) => {
    const opened = await Disk.openAlone(device);
    assert.ok(opened.ok);
    await using _disk = opened.value;
    assert.throws(() => execFileSync('mount', [device, join(folder.path, 'root')], { stdio: 'ignore' }));
  });
});

test('links beside a new file lead nowhere', async () => {
  using folder = temporary({ onDisk: true });
  const images = smallSet(join(folder.path, 'images'));
  const precious = join(folder.path, 'precious');
  writeFileSync(precious, 'somebody');
  symlinkSync(precious, join(folder.path, '.a.img.new'));
  linkSync(precious, join(folder.path, '.b.img.new'));
  for (const name of ['a.img', 'b.img'])
    assert.equal(await refusal(join(folder.path, name), images, '--size', '120M'), 'target-in-use', name);
  assert.equal(readFileSync(precious, 'utf8'), 'somebody');
});

test('--fresh with --refresh-loader overwrites nothing', async () => {
  using folder = temporary({ onDisk: true });
  const images = smallSet(join(folder.path, 'images'));
  const medium = join(folder.path, 'medium.img');
  await install(medium, images, '--size', '120M');
  const before = readMedium(medium)?.uuid;
  await asDevice(medium, async (device) => {
    const sure = ['--confirm', basename(device), '--fresh', '--refresh-loader'];
    assert.equal(await refusal(device, images, ...sure), 'exclusive-options');
  });
  assert.equal(readMedium(medium)?.uuid, before);
});

test('a parameter that GRUB cannot pass on is refused, and leaves the menus of a medium alone', async () => {
  using folder = temporary({ onDisk: true });
  const images = smallSet(join(folder.path, 'images'));
  writeFileSync(join(images, 'cmdline'), "quiet systemd.setenv=A=it's\n");
  assert.equal(await refusal(join(folder.path, 'x.img'), images, '--size', '120M'), 'parameters-invalid');
  assert.ok(!existsSync(join(folder.path, 'x.img')));
});

test('a sparse file whose own file system has no room is not changed', async () => {
  using folder = temporary({ onDisk: true });
  const images = smallSet(join(folder.path, 'images'));
  const small = join(folder.path, 'small');
  mkdirSync(small);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=60m', 'none', small]);
  try {
    const medium = join(small, 'medium.img');
    await install(medium, images, '--size', '400M');
    smallSet(images, { baseBytes: 60 * MIB });
    assert.equal(await refusal(medium, images), 'medium-no-room');
    onMedium(medium, (root) => assert.deepEqual(readdirSync(join(root, 'mkma/generations')), ['1']));
    writeFileSync(join(small, 'other'), Buffer.alloc(40 * MIB));
    assert.equal(await refusal(medium, images), 'medium-no-room');
    assert.match(readByGrub(medium, '/boot/grub/grub.cfg').toString(), /generations\/1\/vmlinuz/);
  } finally {
    execFileSync('umount', [small]);
  }
});

test('a generation that the medium returns otherwise than written does not stay', async () => {
  using folder = temporary({ onDisk: true });
  const images = smallSet(join(folder.path, 'images'));
  const file = join(folder.path, 'medium.img');
  await install(file, images, '--size', '120M');
  writeFileSync(join(images, 'vmlinuz'), 'another kernel'.repeat(1000));
  const set = findSet(images);
  const medium = readMedium(file);
  assert.ok(set.ok && medium !== undefined);
  await asDevice(file, async (target) => {
    const digests = new Map(set.value.files.map(({ from }) => [from, 'other']));
    const what = { target, isDevice: true, medium, set: set.value, digests, identities: true, append: [] };
    const done = await updateMedium(
      { ...what, scratch: folder.path },
      { emit: () => undefined, signal: new AbortController().signal },
    );
    assert.equal(done.ok ? '' : done.problem.code, 'medium-differs');
  });
  onMedium(file, (root) => assert.deepEqual(readdirSync(join(root, 'mkma/generations')), ['1']));
});
