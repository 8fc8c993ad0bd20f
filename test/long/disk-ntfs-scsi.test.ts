import { test } from 'node:test';
import { wholeDisk } from '../vm/disk.js';
import { foundBase, Vm } from '../vm/harness.js';

test('NTFS on a virtio SCSI disk, by its UUID, the base at its top', async () => {
  const { file, uuid } = wholeDisk('ntfs');
  const append = `mkma_storage_device=UUID=${uuid.toLowerCase()} mkma_images_path=/`;
  await using vm = Vm.start(append, { args: ['--disk', file, '--bus', 'scsi'] });
  await vm.expect(foundBase('/', '/dev/sda (ntfs)'));
  await vm.expect(/mkma: handing over to/);
});
