import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { codeOf, mkma, temporary } from './cli.js';
import { asDevice, onMedium, readByGrub, STORAGE, smallSet } from './medium.js';
import { inOwnMounts } from './persist/namespace.js';

inOwnMounts(import.meta.url);

const MIB = 2 ** 20;

/** Installs and fails the test where that fails. */
async function install(target: string, images: string, ...more: string[]): Promise<string> {
  const done = await mkma(['install', target, '--output', images, '--json', ...more]);
  assert.equal(done.code, 0, done.stdout + done.stderr);
  return done.stdout;
}

/** The code of the refusal. */
async function refusal(target: string, images: string, ...more: string[]): Promise<string> {
  return codeOf(await mkma(['install', target, '--output', images, '--json', ...more]));
}

/** The device with the medium's ext4, for e2fsprogs. */
const storage = (medium: string): string => `${medium}?offset=${STORAGE.start}`;

test('the same images make the same bytes, which stock tools find whole', async () => {
  using folder = temporary({ onDisk: true });
  const images = smallSet(join(folder.path, 'images'));
  const [a, b] = [join(folder.path, 'a.img'), join(folder.path, 'b.img')];
  const result = JSON.parse(await install(a, images, '--size', '160M')) as { uuid: string };
  // Times of files, and who made them, are nothing that a medium has.
  for (const name of readdirSync(images)) utimesSync(join(images, name), 1, 1);
  await install(b, images, '--size', '160M');
  assert.equal(execFileSync('cmp', [a, b]).length, 0);
  assert.match(execFileSync('sfdisk', ['--verify', a], { encoding: 'utf8' }), /No errors detected/);
  const facts = execFileSync('dumpe2fs', ['-h', storage(a)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  assert.match(facts, new RegExp(`^Filesystem UUID: +${result.uuid}$`, 'm'));
  const features = /^Filesystem features: +(.*)$/m.exec(facts)?.[1] ?? '';
  assert.equal(
    features,
    'has_journal ext_attr dir_index filetype extent 64bit flex_bg sparse_super large_file huge_file dir_nlink extra_isize metadata_csum',
  );
  const menu = readByGrub(a, '/boot/grub/grub.cfg').toString();
  assert.match(menu, /^# mkma medium\n/);
  assert.match(menu, /linux \/mkma\/generations\/1\/vmlinuz .* quiet$/m);
  assert.equal(menu.match(/UUID=[0-9a-f-]+/)?.[0], `UUID=${result.uuid}`);
  execFileSync('grub-script-check', [], { input: menu });
  for (const name of ['vmlinuz', 'base.cpio.zst', 'initramfs.cpio.zst'])
    assert.ok(readByGrub(a, `/mkma/generations/1/${name}`).equals(readFileSync(join(images, name))), name);
  const esp = (path: string) => execFileSync('mcopy', ['-n', '-i', `${a}@@${2 * MIB}`, `::${path}`, '-']);
  assert.match(esp('/EFI/debian/grub.cfg').toString(), new RegExp(`--fs-uuid --set=root ${result.uuid};`));
  assert.equal(esp('/EFI/BOOT/BOOTX64.EFI').toString('latin1', 0, 2), 'MZ');
  const names = execFileSync('mdir', ['-b', '-i', `${a}@@${2 * MIB}`, '::/EFI/BOOT'], { encoding: 'utf8' });
  assert.doesNotMatch(names, /fbx64/i);
  onMedium(a, (root) => {
    for (const name of readdirSync(join(root, 'mkma/generations/1'))) {
      const { uid, gid } = statSync(join(root, 'mkma/generations/1', name));
      assert.deepEqual([uid, gid], [0, 0], name);
    }
    assert.equal(statSync(join(root, 'mkma/generations/1/initramfs.cpio.zst')).mode & 0o777, 0o600);
  });
});

test('installed again, a medium gets a generation, keeps its layers, and shares what is equal', async () => {
  using folder = temporary({ onDisk: true });
  const images = smallSet(join(folder.path, 'images'));
  writeFileSync(join(images, 'persistence.20260101_000000.cpio.zst'), 'a layer of the images folder');
  const medium = join(folder.path, 'medium.img');
  await install(medium, images, '--size', '160M');
  const layer = 'persistence.20260202_000000.cpio.zst';
  onMedium(medium, (root) => writeFileSync(join(root, 'mkma/generations/1', layer), 'saved on the machine'));
  assert.match(await install(medium, images), /"present": true/);
  writeFileSync(join(images, 'vmlinuz'), 'another kernel'.repeat(1000));
  assert.match(await install(medium, images), /"generation": 2,\n {2}"present": false/);
  onMedium(medium, (root) => {
    const [old, now] = [1, 2].map((n) => join(root, 'mkma/generations', String(n))) as [string, string];
    assert.deepEqual(readdirSync(now).sort(), readdirSync(old).sort());
    const inode = (path: string) => statSync(path).ino;
    for (const name of [layer, 'persistence.20260101_000000.cpio.zst', 'base.cpio.zst', 'initramfs.cpio.zst'])
      assert.equal(inode(join(now, name)), inode(join(old, name)), name);
    assert.notEqual(inode(join(now, 'vmlinuz')), inode(join(old, 'vmlinuz')));
    assert.match(readFileSync(join(now, 'cmdline'), 'utf8'), /mkma_images_path=\/mkma\/generations\/2 quiet/);
    assert.deepEqual(readdirSync(join(root, 'boot/grub')), ['grub.cfg']);
  });
  // What GRUB reads, which knows no journal.
  const menu = readByGrub(medium, '/boot/grub/grub.cfg').toString();
  assert.deepEqual(
    [...menu.matchAll(/--id (\S+)/g)].map(([, id]) => id),
    ['mkma-box', 'mkma-box.1'],
  );
  const layers = join(folder.path, 'layers');
  mkdirSync(layers);
  await install(medium, images, '--layers', layers);
  onMedium(medium, (root) => {
    const names = readdirSync(join(root, 'mkma/generations/3'));
    assert.ok(!names.some((name) => name.startsWith('persistence.')), names.join());
    assert.ok(existsSync(join(root, 'mkma/generations/2', layer)));
  });
});

test('a mounted medium is changed by mkma generations, and its menu follows', async () => {
  using folder = temporary({ onDisk: true });
  const images = smallSet(join(folder.path, 'images'));
  const medium = join(folder.path, 'medium.img');
  await install(medium, images, '--size', '160M');
  writeFileSync(join(images, 'vmlinuz'), 'another kernel'.repeat(1000));
  await install(medium, images);
  const root = join(folder.path, 'root');
  mkdirSync(root);
  execFileSync('mount', ['-o', `loop,offset=${STORAGE.start}`, medium, root]);
  try {
    const used = await mkma(['generations', 'use', '1', '--output', join(root, 'mkma')]);
    assert.equal(used.code, 0, used.stderr);
    // Read past the mount: the menu is checkpointed while it is mounted.
    const menu = readByGrub(medium, '/boot/grub/grub.cfg').toString();
    assert.match(menu, /generation 1 .*--id mkma-box \{/);
    assert.equal(await refusal(medium, images), 'target-in-use');
  } finally {
    execFileSync('umount', [root]);
  }
  // What was chosen stays chosen.
  const again = await mkma(['install', medium, '--output', images, '--append', 'debug']);
  assert.match(again.stdout, /generation 1 stays the default/);
});

test('a new file needs no root once root has fetched the boot programs; a disk does', async () => {
  using folder = temporary({ onDisk: true });
  const images = smallSet(join(folder.path, 'images'));
  const [a, b] = [join(folder.path, 'a.img'), join(folder.path, 'b.img')];
  await install(a, images, '--size', '120M');
  chmodSync(folder.path, 0o777);
  execFileSync('chown', ['-R', '65534:65534', images]);
  const nobody = { uid: 65_534, env: { HOME: folder.path } };
  const args = ['--output', images, '--json'];
  const made = await mkma(['install', b, '--size', '120M', ...args], nobody);
  assert.equal(made.code, 0, made.stderr);
  assert.equal(execFileSync('cmp', [a, b]).length, 0);
  assert.equal(codeOf(await mkma(['install', b, ...args], nobody)), 'needs-root');
  assert.equal(
    codeOf(await mkma(['install', join(folder.path, 'c'), '--refresh', ...args], nobody)),
    'needs-root',
  );
});

test('a disk is asked for by name, written over whatever was there, and read back', async () => {
  using folder = temporary({ onDisk: true });
  const images = smallSet(join(folder.path, 'images'));
  const file = join(folder.path, 'disk');
  writeFileSync(file, '');
  truncateSync(file, 200 * MIB);
  // An old btrfs would show itself beside the new file systems, and an old table at the end.
  execFileSync('sfdisk', ['-q', file], { input: 'label: gpt\nstart=2048, size=4096, name=old\n' });
  const before = readFileSync(file);
  await asDevice(file, async (device) => {
    const name = basename(device);
    assert.equal(await refusal(device, images), 'target-not-confirmed');
    assert.equal(await refusal(device, images, '--confirm', 'sda'), 'target-not-confirmed');
    assert.ok(before.equals(readFileSync(file)), 'something was written before it was confirmed');
    const first = JSON.parse(await install(device, images, '--confirm', name)) as { uuid: string };
    assert.equal(await refusal(device, images, '--size', '1G', '--confirm', name), 'option-unfit');
    assert.match(await install(device, images, '--confirm', name), /"present": true/);
    const fresh = JSON.parse(await install(device, images, '--confirm', name, '--fresh')) as { uuid: string };
    assert.notEqual(first.uuid, fresh.uuid, 'two sticks must not mix');
    const listed = execFileSync('sfdisk', ['--dump', device], { encoding: 'utf8' });
    assert.deepEqual(
      [...listed.matchAll(/name="([^"]*)"/g)].map(([, part]) => part),
      ['mkma-bios', 'mkma-esp', 'mkma'],
    );
  });
});

test('--refresh-loader renews what differs of shim and GRUB, completes a renewal that was cut off, and nothing else', async () => {
  using folder = temporary({ onDisk: true });
  const images = smallSet(join(folder.path, 'images'));
  const medium = join(folder.path, 'medium.img');
  await install(medium, images, '--size', '120M');
  const before = readFileSync(medium);
  const renewed = async (): Promise<string[]> =>
    (JSON.parse(await install(medium, images, '--refresh-loader')) as { renewed: string[] }).renewed;
  const esp = `${medium}@@${2 * MIB}`;
  const old = join(folder.path, 'old');
  writeFileSync(old, 'an older GRUB');
  execFileSync('mcopy', ['-o', '-i', esp, old, '::/EFI/BOOT/grubx64.efi']);
  // As a renewal leaves it that was cut off.
  execFileSync('mren', ['-i', esp, '::/EFI/BOOT/mmx64.efi', '::/EFI/BOOT/mmx64.efi.new']);
  const fd = openSync(medium, 'r+');
  writeSync(fd, Buffer.alloc(512, 1), 0, 512, MIB + 2048);
  closeSync(fd);
  const all = ['GRUB for BIOS', 'EFI/BOOT/mmx64.efi', 'EFI/BOOT/grubx64.efi'];
  assert.deepEqual((await renewed()).sort(), all.sort());
  const now = readFileSync(medium);
  assert.deepEqual(await renewed(), []);
  assert.ok(now.equals(readFileSync(medium)));
  // boot.img leads to the other half of the partition, whose core.img has its own sectors in its list.
  assert.equal(now.readBigUInt64LE(0x5c), BigInt((MIB + MIB / 2) / 512));
  assert.ok(
    now.subarray(440, 17_408).equals(before.subarray(440, 17_408)),
    'the partition table is as it was',
  );
  const [core, first] = [now.subarray(1.5 * MIB + 512, 1.6 * MIB), before.subarray(MIB + 512, 1.1 * MIB)];
  assert.ok(core.equals(first));
  assert.ok(now.subarray(STORAGE.start).equals(before.subarray(STORAGE.start)));
  const names = execFileSync('mdir', ['-b', '-i', esp, '::/EFI/BOOT'], { encoding: 'utf8' });
  const files = names
    .toLowerCase()
    .trim()
    .split(/\s+/)
    .map((name) => name.slice('::/efi/boot/'.length));
  assert.deepEqual(files.sort(), ['bootx64.efi', 'grubx64.efi', 'mmx64.efi']);
});

test('what must not be written is refused, and nothing changes', async () => {
  using folder = temporary({ onDisk: true });
  const images = smallSet(join(folder.path, 'images'));
  const foreign = join(folder.path, 'foreign');
  writeFileSync(foreign, 'somebody');
  assert.equal(await refusal(foreign, images), 'target-not-medium');
  assert.equal(readFileSync(foreign, 'utf8'), 'somebody');
  assert.equal(await refusal(folder.path, images), 'target-not-disk');
  assert.equal(await refusal('/dev/no-such-disk', images), 'no-such-device');
  assert.equal(await refusal(join(folder.path, 'none/x.img'), images), 'no-such-folder');
  assert.equal(await refusal(join(folder.path, 'x.img'), images, '--size', '80M'), 'medium-too-small');
  assert.equal(await refusal(join(folder.path, 'x.img'), folder.path), 'image-missing');
  assert.deepEqual(readdirSync(folder.path).sort(), ['foreign', 'images']);
  const file = join(folder.path, 'disk');
  writeFileSync(file, '');
  truncateSync(file, 200 * MIB);
  execFileSync('mkfs.ext4', ['-q', file]);
  const before = readFileSync(file);
  await asDevice(file, async (device) => {
    const sure = ['--confirm', basename(device)];
    const fd = openSync(device, 'r');
    const holder = spawn('sleep', ['60'], { stdio: ['ignore', fd, 'ignore'] });
    closeSync(fd);
    assert.equal(await refusal(device, images, ...sure), 'target-in-use', 'open by a program');
    holder.kill();
    await asDevice(device, async () => {
      assert.equal(await refusal(device, images, ...sure), 'target-in-use', 'under a loop device');
    });
    const locked = spawn('flock', [device, 'sleep', '60'], { stdio: 'ignore', detached: true });
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(await refusal(device, images, ...sure), 'target-in-use', 'locked');
    process.kill(-(locked.pid as number));
  });
  assert.ok(before.equals(readFileSync(file)));
  truncateSync(file, 80 * MIB);
  await asDevice(file, async (device) =>
    assert.equal(await refusal(device, images, '--confirm', basename(device)), 'medium-too-small'),
  );
  const readOnly = execFileSync('losetup', ['--find', '--show', '--read-only', file], {
    encoding: 'utf8',
  }).trim();
  assert.equal(await refusal(readOnly, images, '--confirm', basename(readOnly)), 'target-read-only');
  execFileSync('losetup', ['--detach', readOnly]);
});

test('a set for which a medium has no room is refused with the numbers, and the medium stays as it is', async () => {
  using folder = temporary({ onDisk: true });
  const images = smallSet(join(folder.path, 'images'), { baseBytes: 30 * MIB });
  const medium = join(folder.path, 'medium.img');
  await install(medium, images, '--size', '150M');
  smallSet(images, { baseBytes: 60 * MIB });
  const refused = await mkma(['install', medium, '--output', images]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /generation-no-room/);
  assert.match(refused.stderr, /takes 60\.\d MiB; \d+\.?\d* MiB are free/);
  assert.match(refused.stderr, /next: .*mkma generations drop N/);
  onMedium(medium, (root) => assert.deepEqual(readdirSync(join(root, 'mkma/generations')), ['1']));
  assert.match(readByGrub(medium, '/boot/grub/grub.cfg').toString(), /generations\/1\/vmlinuz/);
});

test('a device that keeps nothing of what is written is found out before the images are written', async () => {
  using folder = temporary({ onDisk: true });
  const images = smallSet(join(folder.path, 'images'));
  const view = join(folder.path, 'view');
  writeFileSync(view, '');
  const nothing = { driver: 'null-co', 'node-name': 'n', size: 600 * MIB, 'read-zeroes': true };
  const shown = { type: 'fuse', id: 'view', 'node-name': 'n', mountpoint: view, writable: true };
  const words = ['--blockdev', JSON.stringify(nothing), '--export', JSON.stringify(shown)];
  const daemon = spawn('setpriv', ['--pdeathsig', 'TERM', 'qemu-storage-daemon', ...words]);
  try {
    while (statSync(view).size === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await asDevice(view, async (device) => {
      const done = await mkma(['install', device, '--output', images, '--confirm', basename(device)]);
      assert.match(done.stderr, /target-lies/);
      assert.match(done.stderr, /it reports 600 MiB, and a mark written at 1\.00 MiB did not come back/);
      assert.doesNotMatch(done.stderr, /write: start/);
    });
  } finally {
    const ended = new Promise((resolve) => daemon.once('close', resolve));
    daemon.kill();
    await ended;
  }
});

test('a device that ends early fails with its cause', async () => {
  using folder = temporary({ onDisk: true });
  const images = smallSet(join(folder.path, 'images'), { baseBytes: 40 * MIB });
  const small = join(folder.path, 'small');
  mkdirSync(small);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=30m', 'none', small]);
  try {
    const file = join(small, 'disk');
    writeFileSync(file, '');
    truncateSync(file, 400 * MIB);
    await asDevice(file, async (device) =>
      assert.equal(await refusal(device, images, '--confirm', basename(device)), 'medium-write-failed'),
    );
  } finally {
    execFileSync('umount', [small]);
  }
});

test('an interrupted update leaves the medium as it was', async () => {
  using folder = temporary({ onDisk: true });
  const images = smallSet(join(folder.path, 'images'));
  const medium = join(folder.path, 'medium.img');
  await install(medium, images, '--size', '500M');
  smallSet(images, { baseBytes: 300 * MIB });
  let stopped = false;
  const done = await mkma(['install', medium, '--output', images], {
    onStderr: (text, child) => {
      if (stopped || !text.includes('write: start')) return;
      stopped = true;
      setTimeout(() => child.kill('SIGINT'), 200);
    },
  });
  assert.ok(stopped, done.stderr);
  assert.equal(done.code, 130, done.stderr);
  assert.equal(execFileSync('losetup', ['--associated', medium], { encoding: 'utf8' }), '');
  onMedium(medium, (root) => assert.deepEqual(readdirSync(join(root, 'mkma/generations')), ['1']));
  assert.match(readByGrub(medium, '/boot/grub/grub.cfg').toString(), /generations\/1\/vmlinuz/);
});

test('a generation whose reading back is interrupted is not there afterwards', async () => {
  using folder = temporary({ onDisk: true });
  const images = smallSet(join(folder.path, 'images'));
  const medium = join(folder.path, 'medium.img');
  await install(medium, images, '--size', '300M');
  smallSet(images, { baseBytes: 100 * MIB });
  await asDevice(medium, async (device) => {
    const words = ['install', device, '--output', images, '--confirm', basename(device), '--json'];
    const done = await mkma(words, {
      onStderr: (text, child) => {
        if (text.includes('"stage":"verify"')) child.kill('SIGINT');
      },
    });
    assert.equal(done.code, 130, done.stderr);
  });
  onMedium(medium, (root) => assert.deepEqual(readdirSync(join(root, 'mkma/generations')), ['1']));
});

test('an interrupted run leaves no file, and an unsigned kernel is named', async () => {
  using folder = temporary({ onDisk: true });
  const images = smallSet(join(folder.path, 'images'), { baseBytes: 400 * MIB });
  const medium = join(folder.path, 'medium.img');
  let stopped = false;
  const done = await mkma(['install', medium, '--output', images], {
    onStderr: (text, child) => {
      if (stopped || !text.includes('write: start')) return;
      stopped = true;
      child.kill('SIGINT');
    },
  });
  assert.ok(stopped, done.stderr);
  assert.equal(done.code, 130, done.stderr);
  assert.match(done.stderr, /kernel-unsigned/);
  assert.deepEqual(readdirSync(folder.path), ['images']);
  // What a killed run left is no obstacle.
  appendFileSync(join(folder.path, '.medium.img.new'), 'half');
  await install(medium, smallSet(join(folder.path, 'small')), '--size', '120M');
  assert.ok(!existsSync(join(folder.path, '.medium.img.new')));
});
