import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SHELL, Vm } from './harness.js';

/** What holds at the moment a phase is about to begin, asked in the shell. */
const BEFORE = {
  mount: ['! grep ^/dev/ /proc/mounts'],
  load: ['grep "^/dev/vda .* ext4 ro" /proc/mounts', '! grep " /ram " /proc/mounts'],
  layers: [
    'grep "^/dev/vda .* ext4 ro" /proc/mounts',
    'grep " /ram " /proc/mounts',
    'test -x /ram/view/base/usr/bin/env',
  ],
  handover: ['! grep ^/dev/ /proc/mounts', 'grep "^[^ ]* /newroot overlay" /proc/mounts'],
} as const satisfies Record<string, readonly string[]>;
type Phase = keyof typeof BEFORE;

/** What has the phase fail, or the one after it, and then not any more. */
const FAILING: Readonly<
  Record<Exclude<Phase, 'handover'>, readonly [fails: string, works: string, where: string]>
> = {
  mount: ['mkma_images_path=/nowhere', 'mkma_images_path=/mkma', 'mount'],
  load: ['mkma_size=1%', 'mkma_size=50%', 'load'],
  layers: ['init=/nowhere', SHELL, 'handover'],
};

/** The shell before a phase is there, and what holds then. */
async function stopsBefore(vm: Vm, phase: Phase): Promise<void> {
  await vm.expect(new RegExp(`mkma: shell before phase ${phase}, as mkma_break requests`));
  await vm.expectShell();
  for (const fact of BEFORE[phase]) await vm.ask(fact);
}

async function isUp(vm: Vm): Promise<void> {
  assert.equal(await vm.ask('findmnt -no FSTYPE /'), 'overlay');
  assert.equal((await vm.status()).base?.verified, true);
}

test('mkma_break= stops before each phase, leaving the shell goes on; an unknown phase is refused with the names of those there are', async () => {
  await using vm = Vm.start('mkma_break=lod');
  await vm.expect(/mkma: BOOT FAILED in phase mount\n/);
  await vm.expect(/mkma_break=lod \[parameter-invalid\]\n/, 20);
  await vm.expect(/mount, load, layers, handover/, 20);
  await vm.expectShell();
  let works = '';
  for (const [phase, [fails, later, where]] of Object.entries(FAILING)) {
    await vm.tryAgain(`mkma_break=${phase} ${works} ${fails}`);
    await stopsBefore(vm, phase as Phase);
    vm.type('exit');
    await vm.expect(new RegExp(`mkma: BOOT FAILED in phase ${where}\n`));
    await vm.expectShell();
    works = later;
  }
  await vm.tryAgain(`mkma_break=handover ${works}`);
  await stopsBefore(vm, 'handover');
  vm.type('exit');
  await vm.expectHandover();
  await isUp(vm);
});

if (process.env.MKMA_TEST_LONG === '1') {
  for (const phase of Object.keys(BEFORE) as Phase[]) {
    test(`mkma_break=${phase} stops there, and leaving the shell goes on to the login`, async () => {
      await using vm = Vm.start(`mkma_break=${phase}`);
      await stopsBefore(vm, phase);
      vm.type('exit');
      await vm.expectLogin();
      await isUp(vm);
    });
  }
}
