import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Vm } from './harness.js';

/** What holds at the moment a phase is about to begin, asked in the shell. */
const BEFORE: Record<string, readonly string[]> = {
  mount: ['! grep ^/dev/ /proc/mounts'],
  load: ['grep "^/dev/vda .* ext4 ro" /proc/mounts', '! grep " /ram " /proc/mounts'],
  layers: [
    'grep "^/dev/vda .* ext4 ro" /proc/mounts',
    'grep " /ram " /proc/mounts',
    'test -x /ram/view/base/usr/bin/env',
  ],
  handover: ['! grep ^/dev/ /proc/mounts', 'grep "^[^ ]* /newroot overlay" /proc/mounts'],
};

for (const [phase, facts] of Object.entries(BEFORE)) {
  test(`mkma_break=${phase} stops there, and leaving the shell goes on`, async () => {
    await using vm = Vm.start(`mkma_break=${phase}`);
    await vm.expect(new RegExp(`mkma: shell before phase ${phase}, as mkma_break asks`));
    await vm.expectShell();
    for (const fact of facts) await vm.ask(fact);
    vm.type('exit');
    // What follows is the same whichever phase it was: the long suite waits for all of it each time.
    if (phase !== 'load' && process.env.MKMA_TEST_LONG !== '1') {
      await vm.expect(/mkma: handing over to/);
      return;
    }
    await vm.expectLogin();
    assert.equal(await vm.ask('findmnt -no FSTYPE /'), 'overlay');
    assert.equal((await vm.status()).base?.verified, true);
  });
}

test('mkma_break= with an unknown phase is refused with the names of those there are', async () => {
  await using vm = Vm.start('mkma_break=lod');
  await vm.expect(/mkma: BOOT FAILED in phase mount\n/);
  await vm.expect(/mkma_break=lod\n/, 20);
  await vm.expect(/mount, load, layers, handover/, 20);
});
