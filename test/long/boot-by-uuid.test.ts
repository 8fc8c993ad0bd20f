import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Vm } from '../vm/harness.js';

test('the storage device is found by its UUID', async () => {
  await using vm = await Vm.login();
  const uuid = await vm.ask('blkid --output value --match-tag UUID /dev/vda');
  assert.match(uuid, /^[0-9a-f-]{36}$/);
  const cmdline = await vm.ask('cat /proc/cmdline');
  assert.ok(cmdline.includes(`mkma_storage_device=UUID=${uuid}`), cmdline);
  const { base, storage } = await vm.status();
  assert.equal(base?.verified, true);
  const released = { device: '/dev/vda', type: 'ext4', path: '/mkma', mountedOn: [] };
  assert.deepEqual(storage, { asked: `UUID=${uuid}`, ...released });
  assert.equal(await vm.ask('findmnt -no FSTYPE /'), 'overlay');
  assert.equal(await vm.powerOff(), 0);
});
