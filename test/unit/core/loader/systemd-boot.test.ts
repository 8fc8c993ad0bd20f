import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BootEntry } from '../../../../src/core/loader/entry.js';
import {
  fitsSystemdBoot,
  systemdBootEntry,
  systemdBootFile,
} from '../../../../src/core/loader/systemd-boot.js';

const entry: BootEntry = {
  name: 'box',
  device: 'UUID=1234-abcd',
  path: '/my images',
  initrds: ['microcode.cpio', 'initramfs.cpio.zst'],
  append: [{ name: 'quiet' }],
};

test('the entry names files from the top of the ESP, microcode first, and the options as the kernel reads them', () => {
  assert.equal(systemdBootFile(entry), 'mkma-box.conf');
  assert.deepEqual(systemdBootEntry(entry, '/mkma/box/0123'), [
    'title box (mkma, in RAM)',
    'sort-key mkma',
    'linux /mkma/box/0123/vmlinuz',
    'initrd /mkma/box/0123/microcode.cpio',
    'initrd /mkma/box/0123/initramfs.cpio.zst',
    'options mkma_storage_device=UUID=1234-abcd mkma_images_path="/my images" quiet',
  ]);
});

test('a folder whose name would end the name of the initramfs is not loaded from', () => {
  assert.ok(fitsSystemdBoot('/'));
  assert.ok(fitsSystemdBoot('/mkma/images-2.0'));
  for (const folder of ['/my images', '/a\tb', "/it's", '/ü']) assert.ok(!fitsSystemdBoot(folder), folder);
});
