import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { wholeDisk } from '../vm/disk.js';
import { BASE, foundBase, imagesFolder, Vm } from '../vm/harness.js';

test('exFAT, by its path', async () => {
  const base = join(imagesFolder(), BASE);
  const { file } = wholeDisk('exfat');
  const append = 'mkma_storage_device=/dev/vda mkma_images_path=/ mkma_break=mount';
  await using vm = Vm.start(append, { args: ['--disk', file, '--disk', `${base}:ro`] });
  await vm.expect(/mkma: shell before phase mount/);
  await vm.expectShell();
  // The machine itself fills the file system, from the base as the second disk.
  await vm.ask('modprobe -a exfat virtio_blk; while ! [ -b /dev/vdb ]; do sleep 1; done; mkdir -p /mnt');
  await vm.ask('mount -t exfat /dev/vda /mnt');
  await vm.ask(`head -c ${statSync(base).size} /dev/vdb >/mnt/${BASE} && umount /mnt`, 180);
  vm.type('exit');
  await vm.expect(foundBase('/', '/dev/vda (exfat)'));
  await vm.expect(/mkma: handing over to/);
});
