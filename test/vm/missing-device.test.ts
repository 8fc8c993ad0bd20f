import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BASE, Vm } from './harness.js';

test('a device that does not appear: told with the devices there are, a shell with tools, and another try', async () => {
  await using vm = Vm.start('mkma_storage_device=LABEL=nowhere mkma_timeout=3');
  await vm.expect(/mkma: BOOT FAILED in phase mount\n/);
  await vm.expect(/mkma: the storage device did not appear: mkma_storage_device=LABEL=nowhere\n/, 20);
  await vm.expect(/waited 3 seconds/, 20);
  await vm.expect(/\/dev\/vda.*ext4/, 20);
  await vm.expect(/next: .*mkma_storage_device/, 20);
  await vm.expectShell();

  for (const tool of ['blkid', 'mount', 'modprobe', 'lsmod', 'dmesg', 'zstd', 'cpio', 'vi', 'ls']) {
    await vm.ask(`command -v ${tool}`);
  }
  assert.match(await vm.ask('blkid /dev/vda'), /LABEL="mkma"/);
  assert.equal(
    await vm.ask(
      'mount -t ext4 -o ro /dev/vda /mnt 2>/dev/null || { mkdir -p /mnt && mount -t ext4 -o ro /dev/vda /mnt; }; ls /mnt/mkma; umount /mnt',
    ),
    BASE,
  );

  // Leaving the shell tries again: in vain as long as nothing has changed ...
  vm.type('exit');
  await vm.expect(/mkma: BOOT FAILED in phase mount\n/, 60);
  await vm.expectShell();
  // ... and with another command line, to the end.
  await vm.ask(
    "sed 's/LABEL=nowhere/LABEL=mkma/' /proc/cmdline >/tmp/cmdline && mount --bind /tmp/cmdline /proc/cmdline",
  );
  vm.type('exit');
  await vm.expectLogin();
  assert.equal(await vm.ask('findmnt -no FSTYPE /'), 'overlay');
  assert.equal((await vm.status()).base?.verified, true);
});
