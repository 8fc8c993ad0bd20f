import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BASE, FORMAT, SHELL, Vm } from './harness.js';
import { resume } from './saved.js';

/** Layers made by hand, in the shell before the storage is looked for: one is damaged, one will not be asked for. */
const LAYERS = [
  'modprobe ext4; modprobe virtio_blk; mkdir -p /mnt /l/opt; while ! [ -b /dev/vda ]; do sleep 1; done',
  'mount -t ext4 /dev/vda /mnt && echo by hand >/l/opt/word',
  'cd /l && find . | cpio -o -H newc | zstd -q -o /mnt/mkma/persistence.1-whole.cpio.zst',
  'head -c 60 /mnt/mkma/persistence.1-whole.cpio.zst >/mnt/mkma/persistence.2-cut.cpio.zst',
  'cp /mnt/mkma/persistence.1-whole.cpio.zst /mnt/mkma/persistence.3-unwanted.cpio.zst',
  'umount /mnt',
];

/** Lines of where the RAM went. */
const FILE_SYSTEM = ' +\\S+ MiB {2}RAM file system, \\S+ [KM]iB used, \\S+ MiB free\\n';
const BESIDE = ' +\\S+ MiB {2}base, a file system of its own\\n';

test('mkma status tells of base, layers, what was left out, storage, times and RAM', async () => {
  await using vm = Vm.start(`mkma_break=mount mkma_layers=-3-unwanted ${SHELL}`);
  await vm.expect(/mkma: shell before phase mount/);
  await vm.expectShell();
  for (const command of LAYERS) await vm.ask(command);
  vm.type('exit');
  await vm.expectHandover();

  const told = await vm.ask('mkma status');
  assert.match(told, /^base +console, made \d{4}-\d\d-\d\d \d\d:\d\d UTC, sha256:[0-9a-f]{12}, verified\n/);
  const check = FORMAT === 'erofs' ? ', \\S+ s of it to check' : '';
  const loaded = `\\n +/mkma/${BASE}, \\S+ MiB\\n +\\S+ MiB in RAM, loaded in \\S+ s${check}, \\S+\\s+MiB/s\\n`;
  assert.match(told, new RegExp(loaded));
  assert.match(
    told,
    /\nlayers +1-whole, unverified: it has no manifest\n +\/mkma\/persistence\.1-whole\.cpio\.zst, /,
  );
  assert.match(
    told,
    /\nleft out +2-cut, 60 B\n( +.*\n)* +why: .*\n( +.*\n)* +3-unwanted, \S+ B: as mkma_layers requests\n/,
  );
  assert.match(told, /\nstorage +UUID=\S+: \/dev\/vda \(ext4\)\n +folder \/mkma\n +released: not mounted\n/);
  assert.match(told, /\ntimes +\S+ s {2}kernel, until init started\n +\S+ s {2}mount\n +\S+ s {2}load\n/);
  assert.match(told, /\n +\S+ s {2}in all, until the system itself started\n/);
  const ram = FORMAT === 'erofs' ? [BESIDE, FILE_SYSTEM] : [FILE_SYSTEM, ' +\\S+ MiB {4}base\\n'];
  assert.match(told, new RegExp(`\\n${ram.join('')}`));
  assert.match(told, /\nnext boot {2}\S+ MiB of \S+ MiB for the base and 1 layer$/);
  assert.equal(await vm.ask('cat /opt/word'), 'by hand');

  const boot = await vm.ask('mkma status --boot');
  assert.match(
    boot,
    /^ +start +took\n +0\.00 s +\S+ s {2}kernel, until init started\n +\S+ s +\S+ s {2}mount\n/,
  );
  assert.match(boot, /\n +\S+ s +\S+ s {2}load\n( +\S+ s {4}.*\n)* +\S+ s {4}base\n/);
  assert.match(boot, /\n +\S+ s {2}in all, until the system itself started$/);

  // 8 MiB more in fresh are seen, by root alone.
  await vm.ask('head -c 8M /dev/zero >/var/tmp/eight');
  const fresh = Number(await vm.ask('mkma status --json | sed -n \'s/.*"fresh": \\([0-9]*\\).*/\\1/p\''));
  assert.ok(fresh >= 8 * 2 ** 20, `${fresh} bytes of fresh`);
  assert.match(await vm.ask('mkma status'), /\n +8\.00 MiB {6}\/var\/tmp\/eight\n/);
  const plain = await vm.ask('setpriv --reuid 65534 --regid 65534 --clear-groups mkma status');
  assert.match(plain, /only root can see the changes since boot/);

  await vm.ask('mount -o ro /dev/vda /mnt');
  assert.match(await vm.ask('mkma status'), /\n +mounted on \/mnt\n/);

  const wrong = await vm.sh('mkma statsu');
  assert.match(
    wrong.output,
    /^error: unknown command 'statsu' \[unknown-command\]\n {2}next: did you mean status\?/,
  );
  assert.equal(wrong.exitCode, 2);
  assert.match(
    await vm.ask('mkma --help'),
    /Commands\n {2}persist .*\n {2}layers .*\n {2}generations .*\n {2}revert .*\n {2}status {2,}show base and layers/,
  );
});

test('systemd keeps the view over a soft reboot: what changed since boot is still seen, and could be saved', async () => {
  await using vm = (await resume()).vm;
  await vm.ask('head -c 8M /dev/zero >/var/tmp/eight');
  vm.type('systemctl soft-reboot');
  await vm.expectLogin();
  assert.match(await vm.ask('mkma status'), /\n +8\.00 MiB {6}\/var\/tmp\/eight\n/);
  assert.match(await vm.ask('mkma persist --all --dry-run'), /^new +8\.00 MiB {2}\/var\/tmp\/eight$/m);
});
