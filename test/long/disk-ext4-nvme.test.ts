import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partitionedDisk } from '../vm/disk.js';
import { Vm } from '../vm/harness.js';

test('ext4 in a partition of an NVMe disk, by its PARTUUID, up to the login', async () => {
  const { file, partuuid } = partitionedDisk('ext4');
  const append = `mkma_storage_device=PARTUUID=${partuuid.toUpperCase()} mkma_images_path=/images`;
  await using vm = await Vm.login(append, { args: ['--disk', file, '--bus', 'nvme'] });
  const { storage } = await vm.status();
  assert.equal(storage.device, '/dev/nvme0n1p1');
  assert.equal(storage.type, 'ext4');
  assert.deepEqual(storage.mountedOn, []);
  assert.equal(await vm.ask('cat /sys/block/nvme0n1/device/serial'), 'mkma');
  assert.equal(await vm.ask('findmnt -no FSTYPE /'), 'overlay');
});
