import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storageKinds } from '../../../../src/host/definition/storage-kinds.js';
import { layoutName } from '../../../../src/host/initramfs/keymap.js';
import { storageModules, storagePackages, storagePrograms } from '../../../../src/host/initramfs/storage.js';
import { parseModuleIndex } from '../../../../src/host/kernel/modules.js';

const index = parseModuleIndex({
  dep: 'kernel/dm-mod.ko.xz:\nkernel/dm-crypt.ko.xz: kernel/dm-mod.ko.xz\nkernel/xts.ko.xz:\n',
  ...{ builtin: '', softdep: '', alias: '' },
});
const machine = (storage: 'auto' | ('luks' | 'lvm')[], ...cmdline: string[]) => ({
  cmdline,
  initramfs: {
    modules: 'generic' as const,
    extraModules: [],
    binaries: [],
    keepKey: false,
    encryptedShell: false,
    storage,
  },
});

test('who does not use it pays nothing', () => {
  assert.deepEqual(storageModules([], index), []);
  assert.deepEqual(storagePackages([]), []);
  assert.deepEqual(storagePrograms([]), []);
});

test('necessary modules are named even if the kernel lacks them, others only if it has them', () => {
  assert.deepEqual(storageModules(['luks', 'lvm'], index), ['dm_mod', 'dm_crypt', 'xts']);
  const none = parseModuleIndex({ dep: '', builtin: '', softdep: '', alias: '' });
  assert.deepEqual(storageModules(['luks'], none), ['dm_mod', 'dm_crypt']);
  assert.deepEqual(storagePackages(['luks', 'lvm']), ['cryptsetup-bin', 'lvm2']);
});

test('auto is what the command line names and what the output folder is on; a list is that list', () => {
  const uuid = '11111111-2222-4333-8444-000000000002';
  assert.deepEqual(storageKinds(machine('auto')), []);
  assert.deepEqual(storageKinds(machine('auto'), ['lvm']), ['lvm']);
  assert.deepEqual(storageKinds(machine('auto', `mkma_luks=${uuid}`), ['lvm']), ['luks', 'lvm']);
  assert.deepEqual(storageKinds(machine([], `mkma_luks=${uuid}`), ['lvm']), []);
  assert.deepEqual(storageKinds(machine(['lvm', 'luks'])), ['luks', 'lvm']);
});

test('the layout is shown by its name, with its variant', () => {
  assert.equal(layoutName({ keyboard: 'de' }), 'de');
  const keyboard = { layout: 'us', model: 'pc105', options: '', variant: '' };
  assert.equal(layoutName({ keyboard }), 'us');
  assert.equal(layoutName({ keyboard: { ...keyboard, variant: 'dvorak' } }), 'us(dvorak)');
  assert.equal(layoutName({ keyboard: undefined }), undefined);
});
