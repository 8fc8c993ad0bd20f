import { test } from 'node:test';
import { blank, imagesTree, mounted, tool } from '../vm/disk.js';
import { foundBase, Vm } from '../vm/harness.js';

test('a btrfs of two devices: told what is missing while one is, booted when both are there', async () => {
  const files = ['one.img', 'two.img'].map((name) => blank(name));
  tool('mkfs.btrfs', '-q', '-L', 'pair', '-m', 'raid1', '-d', 'raid0', ...files);
  mounted(files, (top) => tool('cp', '-r', `${imagesTree()}/images`, top));
  const [one, two] = files as [string, string];
  {
    const append = 'mkma_storage_device=LABEL=pair mkma_images_path=/images mkma_timeout=2';
    await using vm = Vm.start(append, { args: ['--disk', two] });
    await vm.expect(
      /mkma: 1 of the 2 devices of this btrfs file system did not appear: mkma_storage_device=LABEL=pair \[btrfs-devices-missing\]\n/,
    );
    await vm.expect(/why: waited 2 seconds/, 20);
    await vm.expect(/devid 2: \/dev\/vda: TYPE=btrfs LABEL=pair/, 20);
    await vm.expect(/next: attach the missing devices, or raise mkma_timeout/, 20);
  }
  const append = 'mkma_storage_device=/dev/vda mkma_images_path=/images';
  await using vm = Vm.start(append, { args: ['--disk', two, '--disk', one] });
  await vm.expect(foundBase('/images/', '/dev/vda (btrfs)'));
  await vm.expect(/mkma: handing over to/);
});
