import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BASE, SHELL, Vm } from './harness.js';
import { bootFromDisk, makeLayer } from './layer.js';

test('a medium that is pulled during the load: told as that, and a shell', async () => {
  await using vm = Vm.start('mkma_break=load');
  await vm.expect(/mkma: shell before phase load/);
  await vm.expectShell();
  // The disk's controller leaves the bus while the base is read: into the jail, or as it is.
  const reading = 'until grep -q " /\\(jail\\|mkma/held\\) " /proc/mounts; do sleep 0.02; done; sleep 0.2';
  vm.type(
    `pci=$(readlink -f /sys/block/vda/device/..); setsid sh -c '${reading}; echo 1 >'$pci/remove & exit`,
  );
  await vm.expect(/mkma: BOOT FAILED in phase load\n/);
  await vm.expect(
    new RegExp(`mkma: cannot read the storage device: /mkma/${BASE} \\[storage-unreadable\\]\n`),
    20,
  );
  await vm.expect(/why: dd \(exit code 1\): dd: .*Input\/output error\n/, 20);
  await vm.expect(/next: check that it is still attached, and see dmesg/, 20);
  await vm.expectShell();
  await vm.ask('test ! -e /sys/block/vda');
});

test('a medium that is pulled before the layers are read: no boot without them, and with it in place again all of them', async () => {
  await makeLayer('big', { script: 'head -c 20M /dev/urandom >big' });
  await using vm = Vm.start(...bootFromDisk('mkma_break=layers', SHELL));
  await vm.expect(/mkma: shell before phase layers/);
  await vm.expectShell();
  const pci = await vm.ask('readlink -f /sys/block/vda/device/..');
  // What was read so far is no longer in memory either.
  await vm.ask(`echo 3 >/proc/sys/vm/drop_caches; echo 1 >${pci}/remove`);
  vm.type('exit');
  await vm.expect(/mkma: BOOT FAILED in phase layers\n/);
  await vm.expect(/mkma: the storage device disappeared: \/dev\/vda \[storage-gone\]\n/, 20);
  await vm.expect(/next: reattach it and exit to retry/, 20);
  await vm.expectShell();
  await vm.ask('! grep -E " /(ram|storage|jail)" /proc/mounts');
  await vm.ask('echo 1 >/sys/bus/pci/rescan');
  vm.type('exit');
  await vm.expect(/mkma: shell before phase layers/);
  vm.type('exit');
  await vm.expectHandover();
  assert.deepEqual(
    (await vm.status()).layers.map(({ layer }) => layer),
    ['big'],
  );
});
