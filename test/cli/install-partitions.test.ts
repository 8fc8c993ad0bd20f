/** Partitions of a medium as the kernel has them: those of an older table are not mounted. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { readMedium } from '../../src/host/media/medium.js';
import { mountStorage } from '../../src/host/media/mount.js';
import { partitionNode, rereadTable } from '../../src/host/media/partitions.js';
import { mkma, temporary } from './cli.js';
import { asDevice, smallSet } from './medium.js';
import { inOwnMounts } from './persist/namespace.js';

inOwnMounts(import.meta.url);

/** A loop device that may have partitions; they are gone afterwards, as they outlive its file. */
async function withPartitions(file: string, work: (device: string) => Promise<void>): Promise<void> {
  const words = ['--find', '--show', '--partscan', file];
  const device = execFileSync('losetup', words, { encoding: 'utf8' }).trim();
  try {
    await work(device);
  } finally {
    if (existsSync(`${device}p3`)) execFileSync('delpart', [device, '3']);
    execFileSync('losetup', ['--detach', device]);
  }
}

const MIB = 2 ** 20;
const ALWAYS = new AbortController().signal;

test('a partition that the kernel knows from an older table is not mounted', async () => {
  using folder = temporary({ onDisk: true });
  const images = smallSet(join(folder.path, 'images'));
  const target = join(folder.path, 'medium.img');
  const made = await mkma(['install', target, '--output', images, '--size', '160M']);
  assert.equal(made.code, 0, made.stderr);
  const medium = readMedium(target);
  assert.ok(medium);
  const { start, bytes } = medium.storage;
  await withPartitions(target, async (device) => {
    // As the kernel has it that read a table with a shorter partition there.
    execFileSync('addpart', [device, '3', String(start / 512), String(40 * 2048)]);
    const part = `${device}p3`;
    const busy = openSync(part, 'r');
    try {
      const refused = await mountStorage(
        device,
        medium.storage,
        { scratch: folder.path, readOnly: true },
        ALWAYS,
      );
      assert.equal(refused.ok ? '' : refused.problem.code, 'partition-table-stale');
      const kept = await rereadTable(device, medium.storage);
      assert.equal(kept.ok ? '' : kept.problem.code, 'partition-table-stale');
    } finally {
      closeSync(busy);
    }
    const mounted = await mountStorage(
      device,
      medium.storage,
      { scratch: folder.path, readOnly: true },
      ALWAYS,
    );
    assert.ok(mounted.ok, mounted.ok ? '' : JSON.stringify(mounted.problem));
    assert.ok(existsSync(join(mounted.value.path, 'mkma/generations/1')));
    await mounted.value.unmount();
    // And the right one is taken as it is: whoever else mounts it shares the file system.
    execFileSync('addpart', [device, '3', String(start / 512), String(bytes / 512)]);
    const node = await partitionNode(device, medium.storage);
    assert.equal(node.ok && node.value, part);
  });
});

test('labels of ZFS at the end of what becomes the partition do not stay', async () => {
  using folder = temporary({ onDisk: true });
  const images = smallSet(join(folder.path, 'images'));
  const [file, size] = [join(folder.path, 'disk'), 160 * MIB];
  const [start, end] = [66 * MIB, size - MIB];
  const disk = Buffer.alloc(size);
  // The last two of its four labels: uberblocks in their second half (OpenZFS, On-Disk Format, chapter 1).
  for (const label of [end - MIB / 2, end - MIB / 4])
    for (let at = label + MIB / 8; at < label + MIB / 4; at += 1024) {
      disk.writeBigUInt64LE(0x00bab10cn, at);
      disk.writeBigUInt64LE(5000n, at + 8);
    }
  writeFileSync(file, disk);
  await asDevice(file, async (device) => {
    const probe = (): string => {
      const words = ['--probe', '--offset', String(start), '--size', String(end - start), device];
      return execFileSync('blkid', ['--output', 'value', '--match-tag', 'TYPE', ...words], {
        encoding: 'utf8',
      });
    };
    assert.equal(probe(), 'zfs_member\n');
    const made = await mkma(['install', device, '--output', images, '--confirm', basename(device)]);
    assert.equal(made.code, 0, made.stderr);
    assert.deepEqual(readMedium(device)?.storage, { name: 'mkma', start, bytes: end - start });
    assert.equal(probe(), 'ext4\n');
  });
});
