import { test } from 'node:test';
import { Vm } from './harness.js';

test('a folder without a base: told by its name, with what lies there', async () => {
  await using vm = Vm.start('mkma_images_path=/');
  await vm.expect(/mkma: BOOT FAILED in phase mount\n/);
  await vm.expect(
    /mkma: there is no base\.cpio\.zst or base\.erofs in the folder of the images: mkma_images_path=\/\n/,
    20,
  );
  await vm.expect(/why: .*lost\+found/, 20);
  await vm.expect(/next: copy the base there/, 20);
  await vm.expectShell();
  await vm.ask('! grep ^/dev/ /proc/mounts');
});
