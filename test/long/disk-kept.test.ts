import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Vm } from '../vm/harness.js';

test('the disk keeps what the machine writes to it, even when the machine is not shut down', async () => {
  const word = `kept-${process.pid}`;
  {
    await using vm = Vm.start('mkma_break=mount');
    await vm.expect(/mkma: shell before phase mount/);
    await vm.expectShell();
    await vm.ask(
      'modprobe ext4; modprobe virtio_blk; mkdir -p /mnt; while ! [ -b /dev/vda ]; do sleep 1; done',
    );
    await vm.ask(`mount -t ext4 /dev/vda /mnt && echo ${word} >/mnt/note && sync`);
    assert.equal(await vm.powerOff('reboot -f'), 0);
  }
  await using vm = Vm.start('mkma_break=load');
  await vm.expect(/mkma: shell before phase load/);
  await vm.expectShell();
  assert.equal(await vm.ask('cat /storage/note'), word);
});
