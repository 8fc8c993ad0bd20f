import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Vm } from './harness.js';

test('mkma status tells of the base, the storage, the times and the RAM; wrong usage ends with 2', async () => {
  await using vm = await Vm.login();
  const told = await vm.ask('mkma status');
  assert.match(told, /^base +console, made \d{4}-\d\d-\d\d \d\d:\d\d UTC, sha256:[0-9a-f]{12}, verified\n/);
  assert.match(told, /\n +\/mkma\/base\.cpio\.zst, \S+ MiB\n +\S+ MiB in RAM, loaded in \S+ s, \S+ MiB\/s\n/);
  assert.match(told, /\nlayers +none applied\n/);
  assert.match(told, /\nstorage +\S+: \/dev\/vda \(ext4\)\n +folder \/mkma\n +released: not mounted\n/);
  assert.match(told, /\ntimes +\S+ s {2}kernel, until init started\n +\S+ s {2}mount\n +\S+ s {2}load\n/);
  assert.match(told, /\n +\S+ s {2}in all, until the system itself started\n/);
  assert.match(told, /\n +\S+ MiB {2}RAM file system, \S+ MiB used, \S+ MiB free\n +\S+ MiB {4}base\n/);

  // 8 MiB more in fresh are seen, by root alone.
  await vm.ask('head -c 8M /dev/zero >/var/tmp/eight');
  const fresh = Number(await vm.ask('mkma status --json | sed -n \'s/.*"fresh": \\([0-9]*\\).*/\\1/p\''));
  assert.ok(fresh >= 8 * 2 ** 20, `${fresh} bytes of fresh`);
  const plain = await vm.ask('setpriv --reuid 65534 --regid 65534 --clear-groups mkma status');
  assert.match(plain, /how much changed since boot only root can see$/);

  await vm.ask('mount -o ro /dev/vda /mnt');
  assert.match(await vm.ask('mkma status'), /\n +mounted on \/mnt\n/);

  const wrong = await vm.sh('mkma statsu');
  assert.match(wrong.output, /^error: unknown command 'statsu'\n {2}next: did you mean status\?/);
  assert.equal(wrong.exitCode, 2);
  assert.match(await vm.ask('mkma --help'), /Commands\n {2}status /);
});
