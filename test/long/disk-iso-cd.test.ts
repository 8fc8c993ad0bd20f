import { test } from 'node:test';
import { wholeDisk } from '../vm/disk.js';
import { foundBase, Vm } from '../vm/harness.js';

test('an ISO 9660 CD in a SATA drive, by its LABEL', async () => {
  const { file } = wholeDisk('iso9660');
  const append = 'mkma_storage_device=LABEL=IMAGES mkma_images_path=/images';
  await using vm = Vm.start(append, { args: ['--disk', file, '--bus', 'cd'] });
  await vm.expect(foundBase('/images/', '/dev/sr0 (iso9660)'));
  await vm.expect(/mkma: handing over to/);
});
