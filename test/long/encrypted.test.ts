/** Images on encrypted and logical volumes: opened by early boot and by `mkma persist`, closed again, and nothing else touched. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { execute, main } from '../cli/cli.js';
import type { Vm as Machine } from '../vm/harness.js';

const built = process.env.MKMA_TEST_IMAGES ?? '';
assert.ok(built);
const output = mkdtempSync(join(dirname(built), 'encrypted-'));
after(() => rmSync(output, { recursive: true, force: true }));

const LUKS = '11111111-2222-4333-8444-000000000001';
const FS = '11111111-2222-4333-8444-0000000000f1';
const UNDER_LVM = '11111111-2222-4333-8444-000000000002';
const ON_LVM = '11111111-2222-4333-8444-0000000000f2';
const FOREIGN = '11111111-2222-4333-8444-000000000003';
const PASSPHRASE = 'zebra yak';

const DEFINITION = {
  extends: ['console'],
  hostname: 'encrypted',
  keyboard: 'de',
  // They make the disks.
  packages: ['e2fsprogs', 'fdisk'],
  initramfs: { storage: ['luks', 'lvm'] },
};

const ENCRYPTED = String.raw`format $disk '${PASSPHRASE}' ${LUKS}
open_into $disk '${PASSPHRASE}' inside
fill /dev/mapper/inside ${FS}; cryptsetup close inside`;

/** As Debian's installer makes it, beside volumes of somebody else. */
const COMPOSED = String.raw`printf 'label: gpt\nsize=450M\nsize=50M\n,\n' | sfdisk --quiet $disk; sleep 1
format "$disk"1 '${PASSPHRASE}' ${UNDER_LVM}; open_into "$disk"1 '${PASSPHRASE}' inside
lvm pvcreate -q /dev/mapper/inside; lvm vgcreate -q box-vg /dev/mapper/inside
lvm lvcreate -q -n images-lv -l 100%FREE box-vg
fill /dev/box-vg/images-lv ${ON_LVM}; lvm vgchange -an box-vg; cryptsetup close inside
format "$disk"2 'not yours' ${FOREIGN}
lvm pvcreate -q "$disk"3; lvm vgcreate -q foreign "$disk"3
lvm lvcreate -q -n data -l 100%FREE foreign; lvm vgchange -an foreign`;

let encrypted = '';
let composed = '';

before(async () => {
  const config = join(output, 'machine.json');
  writeFileSync(config, JSON.stringify(DEFINITION));
  const made = await execute(process.execPath, [main, 'build', '--config', config, '--output', output]);
  assert.equal(made.code, 0, made.stderr);
  process.env.MKMA_TEST_IMAGES = output;
  const { makeDisks } = await import('../vm/encrypted-disk.js');
  [encrypted = '', composed = ''] = await makeDisks([
    { name: 'encrypted', megabytes: 400, script: ENCRYPTED },
    { name: 'composed', megabytes: 600, script: COMPOSED },
  ]);
});

/** What is left open: names of the device mapper, and keys of volumes. */
async function leftOpen(vm: Machine): Promise<string> {
  return vm.ask('dmsetup ls; grep -E "logon|cryptsetup|mkma-" /proc/keys; :');
}

test('a passphrase wrong twice, then right; all is closed at the handover; saved, and there at the next boot', async () => {
  const { Vm } = await import('../vm/harness.js');
  const words = `quiet mkma_luks=${LUKS.toUpperCase()} mkma_storage_device=UUID=${FS} mkma_images_path=/img`;
  const more = { args: ['--disk', encrypted] };
  {
    await using vm = Vm.start(words, more);
    const [said] = await vm.expect(/mkma: encrypted: .*\n.*\nmkma: passphrase: /);
    assert.match(said, /400 MiB, \/dev\/vda/);
    assert.match(said, new RegExp(`UUID ${LUKS}`));
    for (const [number, wrong] of ['wrong', `${PASSPHRASE}!`].entries()) {
      vm.press(`${wrong}\r`);
      await vm.expect(new RegExp(`wrong passphrase \\(${number + 1} of 3\\)\\nmkma: passphrase: `));
    }
    // Corrected while it is typed; it is not shown.
    vm.press(`${PASSPHRASE}é!\x7f\x7f\r`);
    await vm.expectLogin();
    assert.ok(!vm.transcript.includes(PASSPHRASE), vm.transcript);
    assert.equal(await leftOpen(vm), 'No devices found');
    await vm.ask('echo kept >/root/kept');
    vm.type('mkma persist --all; echo "<ended:$?>"');
    await vm.expect(/The images are encrypted: .*\nPassphrase: /);
    vm.press('wrong\r');
    await vm.expect(/Wrong passphrase \(1 of 3\)\.\nPassphrase: /);
    vm.press(`${PASSPHRASE}\r`);
    await vm.expect(/<ended:0>/);
    assert.equal(await leftOpen(vm), 'No devices found');
    // Its terminal is as it was.
    assert.match(await vm.ask('stty -a'), / echo /);
    // Without a terminal nobody can be asked.
    const { output, exitCode } = await vm.sh('setsid --wait mkma persist --all </dev/null');
    assert.match(output, /\[luks-locked\]/);
    assert.notEqual(exitCode, 0);
    assert.equal(await vm.powerOff(), 0);
  }
  await using vm = Vm.start(words, more);
  await vm.expect(/mkma: passphrase: /);
  vm.press(`${PASSPHRASE}\r`);
  await vm.expectLogin();
  assert.equal(await vm.ask('cat /root/kept'), 'kept');
});

test('LVM on LUKS, beside a foreign encrypted volume and a foreign group, which stay as they are', async () => {
  const { Vm } = await import('../vm/harness.js');
  const words = `mkma_luks=${UNDER_LVM} mkma_lvm=box-vg/images-lv mkma_storage_device=UUID=${ON_LVM} mkma_images_path=/img mkma_break=load`;
  await using vm = Vm.start(words, { args: ['--disk', composed] });
  await vm.expect(/mkma: passphrase: /);
  vm.press(`${PASSPHRASE}\r`);
  await vm.expect(/shell before phase load/);
  await vm.expectShell();
  const open = await vm.ask('cat /sys/class/block/dm-*/dm/name');
  assert.deepEqual(open.split('\n').sort(), ['box--vg-images--lv', `mkma-${UNDER_LVM}`]);
  vm.type('exit');
  await vm.expectLogin();
  assert.equal(await leftOpen(vm), 'No devices found');
});
