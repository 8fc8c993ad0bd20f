/**
 * `mkma install` on a disk in a machine with udev: the medium boots. Then from that medium, which gets a generation, with the
 * power cut at three moments: it boots afterwards, with the old set or the new one. What the machine had not flushed is lost;
 * cli/install-power has each write of it.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { STORAGE } from '../cli/medium.js';
import { blank, tool } from '../vm/disk.js';
import { FAST } from '../vm/fast.js';
import { GUEST, GuestHost, hostImages } from '../vm/guest-host.js';

const MIB = 2 ** 20;
const HOST_SET = '/srv/host';
const APPEND = `--append 'console=ttyS0 no_timer_check ${FAST}'`;
const ADDED = /added generation 2 to \/dev\/vda/;

const medium = blank('medium.raw', 1536 * MIB);

/** Starts to add the console's set; returns when it writes. */
async function begin({ vm }: GuestHost): Promise<number> {
  vm.type(`mkma install /dev/vda --output ${GUEST.images} --confirm vda ${APPEND} 2>&1 </dev/null | cat`);
  await vm.expect(/write: start: adding a generation/, 200);
  return performance.now();
}

/** Boots the medium, which may have been cut off; which of its sets that is, and whether all of it is whole. */
async function boot(): Promise<{ readonly host: GuestHost; readonly set: 'old' | 'new' }> {
  // Once the journal is replayed, nothing is left to mend.
  const copy = `${medium}.copy`;
  tool('cp', '--sparse=always', medium, copy);
  spawnSync('e2fsck', ['-p', `${copy}?offset=${STORAGE.start}`]);
  tool('e2fsck', '-fn', `${copy}?offset=${STORAGE.start}`);
  rmSync(copy);
  const host = await GuestHost.start({ args: ['--disk', medium, '--firmware', 'bios', '--cpus', '1'] });
  const { vm } = host;
  const set = (await vm.ask('hostname')) === 'host' ? 'old' : 'new';
  const { base, storage } = await vm.status();
  assert.ok(base?.verified);
  assert.equal(storage.path, `/mkma/generations/${set === 'old' ? 1 : 2}`);
  const list = await vm.ask('/usr/bin/mkma generations list');
  assert.match(list, /^1 /m);
  // It is there before the menu names it.
  if (set === 'new') assert.match(list, /^2 .*running, default/m);
  assert.doesNotMatch(list, /incomplete/);
  return { host, set };
}

test('a fresh medium boots; a cut after the end, in the middle, and near the end; the next run completes it', async (t) => {
  {
    const sets = { [HOST_SET]: await hostImages() };
    await using host = await GuestHost.start({ disks: [medium], sets });
    const [disk = ''] = host.disks;
    const made = await host.mkma(`install ${disk} --output ${HOST_SET} --confirm ${disk.slice(5)} ${APPEND}`);
    assert.equal(made.exitCode, 0, made.output);
    assert.equal(await host.vm.powerOff(), 0);
  }
  const kept = `${medium}.kept`;
  tool('cp', '--sparse=always', medium, kept);
  let takes = 0;
  {
    const { host, set } = await boot();
    await using machine = host;
    assert.equal(set, 'old');
    const begun = await begin(machine);
    await machine.vm.expect(ADDED, 400);
    takes = performance.now() - begun;
    await machine.vm.cutPower();
  }
  {
    const { host, set } = await boot();
    await using _machine = host;
    assert.equal(set, 'new');
  }
  tool('cp', '--sparse=always', kept, medium);
  for (const share of [0.4, 0.93]) {
    const { host, set } = await boot();
    await using machine = host;
    if (set === 'new') return t.diagnostic('the cut came too late: the new set boots');
    const begun = await begin(machine);
    await sleep(share * takes);
    const reached = performance.now() - begun;
    await machine.vm.cutPower();
    t.diagnostic(`cut after ${(reached / 1000).toFixed(1)} of ${(takes / 1000).toFixed(1)} s`);
  }
  const { host, set } = await boot();
  t.diagnostic(`the ${set} set boots`);
  {
    await using machine = host;
    if (set === 'new') return;
    await begin(machine);
    await machine.vm.expect(/added generation 2 to|has these images already, as generation 2/, 400);
    assert.equal(await machine.vm.powerOff(), 0);
  }
  const last = await boot();
  await using machine = last.host;
  assert.equal(last.set, 'new');
  await machine.vm.ask('mkdir -p /mnt/medium && mount -o ro /dev/vda3 /mnt/medium');
  assert.equal(await machine.vm.ask('ls -A /mnt/medium/mkma/generations | tr "\\n" " "'), '1 2');
});
