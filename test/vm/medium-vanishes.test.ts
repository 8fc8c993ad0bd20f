import { test } from 'node:test';
import { Vm } from './harness.js';

test('a medium that is pulled during the load: told as that, and a shell', async () => {
  await using vm = Vm.start('mkma_break=load');
  await vm.expect(/mkma: shell before phase load/);
  await vm.expectShell();
  // The disk's controller leaves the bus while the segments are read.
  vm.type('pci=$(readlink -f /sys/block/vda/device/..); setsid sh -c "sleep 2; echo 1 >$pci/remove" & exit');
  await vm.expect(/mkma: BOOT FAILED in phase load\n/);
  await vm.expect(/mkma: the storage device cannot be read: \/mkma\/base\.cpio\.zst\n/, 20);
  await vm.expect(/why: dd \(exit code 1\): dd: .*Input\/output error\n/, 20);
  await vm.expect(/next: look whether it is still attached and what dmesg says/, 20);
  await vm.expectShell();
  await vm.ask('test ! -e /sys/block/vda');
});
