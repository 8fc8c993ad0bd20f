import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Vm } from '../vm/harness.js';

test('the storage device is found by its LABEL, and the last parameter given counts', async () => {
  await using vm = await Vm.login('mkma_storage_device=LABEL=mkma');
  assert.equal(await vm.ask('blkid --output value --match-tag LABEL /dev/vda'), 'mkma');
  const cmdline = await vm.ask('cat /proc/cmdline');
  assert.match(cmdline, /mkma_storage_device=UUID=.*mkma_storage_device=LABEL=mkma/);
  const { base, storage } = await vm.status();
  assert.equal(base?.verified, true);
  const released = { device: '/dev/vda', type: 'ext4', path: '/mkma', mountedOn: [] };
  assert.deepEqual(storage, { asked: 'LABEL=mkma', ...released });
});
