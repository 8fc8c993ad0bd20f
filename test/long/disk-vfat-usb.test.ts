import { test } from 'node:test';
import { wholeDisk } from '../vm/disk.js';
import { foundBase, Vm } from '../vm/harness.js';

test('vfat on a USB stick, by its LABEL', async () => {
  const { file } = wholeDisk('vfat');
  const append = 'mkma_storage_device=LABEL=IMAGES mkma_images_path=/images';
  await using vm = Vm.start(append, { args: ['--disk', file, '--bus', 'usb'] });
  await vm.expect(foundBase('/images/', '/dev/sda (vfat)'));
  await vm.expect(/mkma: handing over to/);
});
