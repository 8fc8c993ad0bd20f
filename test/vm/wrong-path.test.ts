import { test } from 'node:test';
import { Vm } from './harness.js';

test('a folder that is not on the device: told by its name, with what is there instead', async () => {
  await using vm = Vm.start('mkma_images_path=/no/such/folder');
  await vm.expect(/mkma: BOOT FAILED in phase mount\n/);
  await vm.expect(
    /mkma: the folder of the images is not on the storage device: mkma_images_path=\/no\/such\/folder\n/,
    20,
  );
  await vm.expect(/why: in \/ on the device lies: lost\+found, mkma\n/, 20);
  await vm.expect(/next: .*mkma_images_path/, 20);
  await vm.expectShell();
  // The storage is not left mounted behind the shell.
  await vm.ask('! grep ^/dev/ /proc/mounts');
});
