import { statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tool, wholeDisk } from './disk.js';
import { imagesFolder, Vm } from './harness.js';

const MiB = 2 ** 20;

test('exFAT on an SD card, by its path', async () => {
  const base = join(imagesFolder(), 'base.cpio.zst');
  const { file } = wholeDisk('exfat');
  // The card is filled by the machine itself, from the base that lies behind the file system.
  const { size } = statSync(file);
  truncateSync(file, 2 * size);
  tool('dd', `if=${base}`, `of=${file}`, 'bs=1M', `seek=${size / MiB}`, 'conv=notrunc', 'status=none');
  const append = 'mkma_storage_device=/dev/mmcblk0 mkma_images_path=/ mkma_break=mount';
  await using vm = Vm.start(append, { args: ['--disk', file, '--bus', 'sd'] });
  await vm.expect(/mkma: shell before phase mount/);
  await vm.expectShell();
  await vm.ask(
    'modprobe -a exfat sdhci_pci mmc_block; while ! [ -b /dev/mmcblk0 ]; do sleep 1; done; mkdir -p /mnt',
  );
  await vm.ask('mount -t exfat /dev/mmcblk0 /mnt');
  await vm.ask(
    `dd if=/dev/mmcblk0 bs=1M skip=${size / MiB} | head -c ${statSync(base).size} >/mnt/base.cpio.zst; umount /mnt`,
    180,
  );
  vm.type('exit');
  await vm.expect(/mkma: found \/base\.cpio\.zst on \/dev\/mmcblk0 \(exfat\)\n/);
  await vm.expect(/mkma: handing over to/);
});
