import assert from 'node:assert/strict';
import { test } from 'node:test';
import { moduleName, parseModuleIndex, selectModules } from '../../../../src/host/kernel/modules.js';

const INDEX = parseModuleIndex({
  dep: [
    'kernel/fs/ext4/ext4.ko.xz: kernel/lib/crc16.ko.xz kernel/fs/jbd2/jbd2.ko.xz',
    'kernel/fs/jbd2/jbd2.ko.xz:',
    'kernel/lib/crc16.ko.xz:',
    'kernel/crypto/crc32c_generic.ko.xz:',
    'kernel/arch/x86/crypto/crc32c-intel.ko.xz: kernel/lib/libcrc.ko.xz',
    'kernel/lib/libcrc.ko.xz:',
    'kernel/drivers/usb/storage/usb-storage.ko:',
    '',
  ].join('\n'),
  builtin: 'kernel/drivers/virtio/virtio_pci.ko\n',
  softdep: '# Soft dependencies\nsoftdep ext4 pre: crypto-crc32c post: not_there\nsoftdep crc16 pre: ext4\n',
  alias: 'alias crypto-crc32c crc32c_generic\nalias crypto-crc32c crc32c_intel\nalias pci:v*d* usb_storage\n',
});

test('a module brings what it needs, and what it asks for softly by name or alias', () => {
  assert.deepEqual(selectModules(INDEX, ['ext4']), {
    paths: [
      'kernel/arch/x86/crypto/crc32c-intel.ko.xz',
      'kernel/crypto/crc32c_generic.ko.xz',
      'kernel/fs/ext4/ext4.ko.xz',
      'kernel/fs/jbd2/jbd2.ko.xz',
      'kernel/lib/crc16.ko.xz',
      'kernel/lib/libcrc.ko.xz',
    ],
    missing: [],
  });
});

test('- and _ are the same in names', () => {
  assert.equal(moduleName('kernel/a/usb-storage.ko.zst'), 'usb_storage');
  for (const name of ['usb-storage', 'usb_storage']) {
    assert.deepEqual(selectModules(INDEX, [name]).paths, ['kernel/drivers/usb/storage/usb-storage.ko']);
  }
});

test('what is built in is not missing; what this kernel has not at all is told', () => {
  assert.deepEqual(selectModules(INDEX, ['virtio_pci', 'nvme']), { paths: [], missing: ['nvme'] });
});
