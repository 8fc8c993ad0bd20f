/** The disk is made and changed with the real e2fsprogs: nothing here would be worth asserting against fakes. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Context } from '../../../../src/host/context.js';
import { diskFile, prepareDisk, VM_DISK } from '../../../../src/host/qemu/disk.js';
import { makeExt4 } from '../../../../src/host/qemu/ext4.js';
import { tryLock } from '../../../../src/host/sys/lock.js';
import { Interrupted } from '../../../../src/host/sys/run.js';

const PATH = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
const signal = new AbortController().signal;

/** A scratch folder with a base, gone with the block. */
class Rig {
  /** With a blank and a quote in its name. */
  readonly output = join(mkdtempSync(join(tmpdir(), 'mkma-disk-')), "it's here");
  readonly folder = join(this.output, 'run');
  readonly stages: string[] = [];
  readonly context: Context = {
    signal,
    emit: (event) => {
      if (event.type === 'stage') this.stages.push(`${event.state} ${event.detail ?? ''}`.trim());
    },
  };

  constructor() {
    mkdirSync(this.folder, { recursive: true });
  }

  base(content: string): void {
    writeFileSync(join(this.output, 'base.cpio.zst'), content);
  }

  async prepare(fresh = false): Promise<string> {
    const disk = await prepareDisk(
      { base: join(this.output, 'base.cpio.zst'), folder: this.folder, fresh },
      this.context,
    );
    assert.ok(disk.ok, JSON.stringify(disk));
    return disk.value;
  }

  debugfs(request: string, ...flags: string[]): string {
    const args = [...flags, '-R', request, diskFile(this.folder)];
    return execFileSync('debugfs', args, {
      env: PATH,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  }

  baseOnDisk(): string {
    return this.debugfs('cat /mkma/base.cpio.zst');
  }

  [Symbol.dispose](): void {
    rmSync(join(this.output, '..'), { recursive: true });
  }
}

test('a disk is sparse, holds the base, has the known names and passes fsck', async () => {
  using rig = new Rig();
  rig.base('first base');
  const file = await rig.prepare();
  assert.equal(rig.baseOnDisk(), 'first base');
  const { size, blocks } = statSync(file);
  assert.ok(size >= 2 * 2 ** 30, `${size}`);
  assert.ok(blocks * 512 < 32 * 2 ** 20, `${blocks * 512} bytes taken`);
  const superblock = rig.debugfs('show_super_stats -h');
  assert.match(superblock, new RegExp(`Filesystem UUID: +${VM_DISK.uuid}`));
  assert.match(superblock, new RegExp(`volume name: +${VM_DISK.label}`));
  execFileSync('e2fsck', ['-fn', file], { env: PATH, stdio: 'ignore' });
});

test('a new base replaces the old one and leaves everything else; the same base is not copied again', async () => {
  using rig = new Rig();
  rig.base('first base');
  const file = await rig.prepare();
  writeFileSync(join(rig.output, 'layer'), 'a layer');
  rig.debugfs(`write "${join(rig.output, 'layer')}" layer`, '-w');
  rig.stages.length = 0;
  await rig.prepare();
  assert.deepEqual(rig.stages, []);
  rig.base('second base');
  await rig.prepare();
  assert.deepEqual(rig.stages, ['start the base has changed', 'done everything else on the disk was kept']);
  assert.equal(rig.baseOnDisk(), 'second base');
  assert.equal(rig.debugfs('cat /layer'), 'a layer');
  execFileSync('e2fsck', ['-fn', file], { env: PATH, stdio: 'ignore' });
});

test('an interrupted update and a base deleted by the machine are made good', async () => {
  using rig = new Rig();
  rig.base('first base');
  await rig.prepare();
  rig.debugfs('rm /mkma/base.cpio.zst', '-w');
  await rig.prepare();
  assert.equal(rig.baseOnDisk(), 'first base');
  rmSync(join(rig.folder, 'disk.base'));
  await rig.prepare();
  assert.equal(readFileSync(join(rig.folder, 'disk.base'), 'utf8').split(' ')[0], '10');
});

test('an update that was interrupted is done again, also where the base is the old one by then', async () => {
  using rig = new Rig();
  const base = join(rig.output, 'base.cpio.zst');
  const putFirst = (): void => {
    rig.base('first base');
    utimesSync(base, 1000, 1000);
  };
  putFirst();
  await rig.prepare();
  rig.base('other base');
  const stop = new AbortController();
  const context: Context = { signal: stop.signal, emit: () => stop.abort() };
  await assert.rejects(prepareDisk({ base, folder: rig.folder }, context), Interrupted);
  putFirst();
  rig.stages.length = 0;
  await rig.prepare();
  assert.equal(rig.stages[0], 'start the base has changed');
  assert.equal(rig.baseOnDisk(), 'first base');
});

test('a fresh disk has lost what was on the old one', async () => {
  using rig = new Rig();
  rig.base('first base');
  await rig.prepare();
  rig.debugfs('mkdir /lost', '-w');
  await rig.prepare(true);
  assert.doesNotMatch(rig.debugfs('ls -p /'), /\/lost\//);
  assert.equal(rig.baseOnDisk(), 'first base');
});

test('a base for which the disk has no room is refused, and the disk left as it is', async () => {
  using rig = new Rig();
  rig.base('first base');
  const file = diskFile(rig.folder);
  const made = await makeExt4(file, 64 * 2 ** 20, VM_DISK, signal);
  assert.ok(made.ok);
  truncateSync(join(rig.output, 'base.cpio.zst'), 100 * 2 ** 20);
  const disk = await prepareDisk(
    { base: join(rig.output, 'base.cpio.zst'), folder: rig.folder },
    rig.context,
  );
  assert.ok(!disk.ok);
  assert.match(disk.problem.what, /not enough room for the new base/);
  assert.match(disk.problem.why ?? '', /the base takes 100 MiB, \d.* are free/);
  assert.match(disk.problem.next ?? '', /--fresh-disk/);
  execFileSync('e2fsck', ['-fn', file], { env: PATH, stdio: 'ignore' });
});

test('a disk that is no file system any more is told as such', async () => {
  using rig = new Rig();
  rig.base('first base');
  const file = await rig.prepare();
  writeFileSync(file, 'rubbish');
  const disk = await prepareDisk(
    { base: join(rig.output, 'base.cpio.zst'), folder: rig.folder },
    rig.context,
  );
  assert.ok(!disk.ok);
  assert.match(disk.problem.next ?? '', /--fresh-disk/);
});

test('a lock is held against others until it is released', async () => {
  using rig = new Rig();
  const file = join(rig.output, 'lock');
  const first = await tryLock(file, signal);
  assert.ok(first.ok && first.value !== undefined);
  const second = await tryLock(file, signal);
  assert.deepEqual(second, { ok: true, value: undefined });
  first.value[Symbol.dispose]();
  const third = await tryLock(file, signal);
  assert.ok(third.ok && third.value !== undefined);
  third.value[Symbol.dispose]();
});
