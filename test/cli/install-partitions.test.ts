/** Partitions of a medium as the kernel has them: those of an older table are not mounted. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readMedium } from '../../src/host/media/medium.js';
import { mountStorage } from '../../src/host/media/mount.js';
import { partitionNode, rereadTable } from '../../src/host/media/partitions.js';
import { mkma, temporary } from './cli.js';
import { smallSet } from './medium.js';
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
