import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BuildSettings } from '../../../../src/host/steps/settings.js';
import { settleStorage } from '../../../../src/host/verbs/build-storage.js';
import { problemOf } from '../../problem.js';

const OPENING = { luks: ['aa'], lvm: [] };
const encrypted = { bootable: true, device: 'UUID=f2', path: '/', opening: OPENING } as const;

function settings(storage: 'auto' | ('luks' | 'lvm')[]): BuildSettings {
  return { machine: { cmdline: [], initramfs: { storage } } } as unknown as BuildSettings;
}

test('auto takes what the output folder is on', () => {
  const settled = settleStorage(settings('auto'), encrypted);
  assert.deepEqual(settled.ok && settled.value.machine.initramfs.storage, ['luks']);
  const plain = settleStorage(settings('auto'), { bootable: true, device: 'UUID=f2', path: '/' });
  assert.deepEqual(plain.ok && plain.value.machine.initramfs.storage, []);
});

test('a list that lacks it is refused with the list to use; one for another place is kept', () => {
  const problem = problemOf(settleStorage(settings(['lvm']), encrypted), 'initramfs-cannot-open');
  assert.equal(problem.next, "use storage: ['lvm', 'luks'], or 'auto'");
  const other = settleStorage(settings(['lvm']), { bootable: true, device: 'UUID=f2', path: '/' });
  assert.deepEqual(other.ok && other.value.machine.initramfs.storage, ['lvm']);
});
