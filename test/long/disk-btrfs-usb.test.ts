import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { blank, imagesTree, mounted, tool } from '../vm/disk.js';
import { foundBase, Vm } from '../vm/harness.js';

test('a folder inside a btrfs subvolume on a UAS disk, by UUID: the path counts from the top-level subvolume', async () => {
  const file = blank('btrfs.img');
  tool('mkfs.btrfs', '-q', '-L', 'images', file);
  mounted([file], (top) => {
    for (const subvolume of ['@', '@home']) tool('btrfs', 'subvolume', 'create', join(top, subvolume));
    mkdirSync(join(top, '@home/me'));
    tool('cp', '-r', join(imagesTree(), 'images'), join(top, '@home/me'));
    // What a mount without options gets: it must not matter.
    tool('btrfs', 'subvolume', 'set-default', join(top, '@'));
  });
  const uuid = tool('blkid', '--probe', '--output', 'value', '--match-tag', 'UUID', file);
  const append = `mkma_storage_device=UUID=${uuid} mkma_images_path=/@home/me/images`;
  await using vm = Vm.start(append, { args: ['--disk', file, '--bus', 'uas'] });
  await vm.expect(foundBase('/@home/me/images/', '/dev/sda (btrfs)'));
  await vm.expect(/mkma: handing over to/);
});
