import { test } from 'node:test';
import { partitionedDisk } from '../vm/disk.js';
import { foundBase, Vm } from '../vm/harness.js';

test('xfs in a partition of a SATA disk, by its PARTLABEL', async () => {
  const { file } = partitionedDisk('xfs');
  const append = 'mkma_storage_device=PARTLABEL=images mkma_images_path=/images';
  await using vm = Vm.start(append, { args: ['--disk', file, '--bus', 'ahci'] });
  await vm.expect(foundBase('/images/', '/dev/sda1 (xfs)'));
  await vm.expect(/mkma: handing over to/);
});
