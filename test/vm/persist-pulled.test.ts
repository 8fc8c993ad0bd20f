import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resume } from './saved.js';
import { putScript } from './script.js';

test('a medium that is pulled before, while it is chosen, and while it is written: told, the machine lives on, and with it in place again all is saved', async () => {
  await using vm = (await resume()).vm;
  const persist = (words: string, before = '') => vm.sh(`${before} mkma persist ${words}`, 200);
  await putScript(vm, '/run/pull', '#!/bin/sh\necho 1 >"$(readlink -f /sys/block/vd?/device/..)/remove"\n');
  const plugIn = () =>
    vm.ask('echo 1 >/sys/bus/pci/rescan; until findfs LABEL=layers; do sleep 1; done >/dev/null 2>&1');
  // Digits, since content that hardly compresses is packed in a moment.
  await vm.ask('echo kept >/root/word; head -c 9M /dev/urandom | base64 -w 0 >/root/data');

  await vm.ask('/run/pull');
  const before = await persist('--all');
  assert.match(before.output, /^error: the storage device is missing: LABEL=layers \[storage-gone\]\n/);
  assert.match(before.output, /\n +next: attach the medium this machine was booted from, and retry/);
  assert.equal(before.exitCode, 1);
  await plugIn();

  const chosen = await persist('--level 1', 'EDITOR="/run/pull;:"');
  assert.match(chosen.output, /^error: the storage device is missing: LABEL=layers \[storage-gone\]\n/m);
  assert.equal(chosen.exitCode, 1);
  await plugIn();

  // Once it is written to, in either format.
  const pull = (program: string): void =>
    vm.type(
      `((while ! grep -q /run/mkma/storage /proc/[0-9]*/mounts 2>/dev/null || ! pgrep -x ${program}; do :; done; /run/pull) >/dev/null &)`,
    );
  pull('zstd');
  const written = await persist('--all --format cpio --level 15');
  assert.match(written.output, /^error: cannot write the layer to the storage device/m);
  assert.match(written.output, /\n +next: check that it is still attached, and see dmesg; nothing was saved/);
  assert.equal(written.exitCode, 1);
  await plugIn();
  pull('mkfs.erofs');
  const made = await persist('--all --format erofs --level 9');
  assert.match(made.output, /^error: cannot (write|pack) the layer.*(\n .*)*; nothing was saved/m);
  assert.equal(made.exitCode, 1);
  assert.equal(await vm.ask('cat /root/word; sha256sum /root/data >/root/sum; echo fine'), 'kept\nfine');
  assert.equal(await vm.ask('grep -sc mkma/storage /proc/[0-9]*/mounts | grep -v :0 | wc -l'), '0');
  await plugIn();

  assert.match(await vm.ask('mkma persist --all --level 1', 200), /saved \d+ changes as /);
  await vm.ask('mkdir /run/disk; mount -o ro LABEL=layers /run/disk');
  assert.equal(await vm.ask('ls -1A /run/disk/images | wc -l; umount /run/disk'), '2');
  assert.equal(await vm.powerOff(), 0);
});
