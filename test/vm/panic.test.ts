import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Vm } from './harness.js';

test('with panic= a machine that cannot boot restarts instead of opening a shell', async () => {
  await using vm = Vm.start('mkma_storage_device=LABEL=nowhere mkma_timeout=1 panic=2');
  await vm.expect(/mkma: BOOT FAILED in phase mount\n/);
  await vm.expect(/mkma: rebooting in 2 seconds, as panic= on the kernel command line asks\n/, 20);
  // QEMU is told not to restart: it ends.
  assert.equal(await vm.ended(), 0);
  assert.doesNotMatch(vm.transcript, /mkma: a shell, with the tools/);
});
