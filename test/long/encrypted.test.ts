/** Images on encrypted and logical volumes: opened by early boot and by `mkma persist`, closed again, and nothing else touched. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
const RECOVERY = '8ut7-ih3l-recovery';
/** A key file is bytes: the newline and NUL at its end belong to it. */
const KEY = 'a key of bytes';
const KEY_DEVICE = '11111111-2222-4333-8444-0000000000aa';

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
fill /dev/mapper/inside ${FS}; cryptsetup close inside
printf %s '${PASSPHRASE}' >/run/passphrase; printf %s '${RECOVERY}' >/run/recovery; printf '%s\0\n' '${KEY}' >/run/key
for new in recovery key; do cryptsetup luksAddKey --batch-mode $weak --key-file /run/passphrase $disk /run/$new; done`;

/** As Debian's installer makes it, beside volumes of somebody else. */
const COMPOSED = String.raw`printf 'label: gpt\nsize=450M\nsize=50M\n,\n' | sfdisk --quiet $disk; sleep 1
# With cryptsetup's own default for the passphrase.
weak_before=$weak; weak=; format "$disk"1 '${PASSPHRASE}' ${UNDER_LVM}; weak=$weak_before; open_into "$disk"1 '${PASSPHRASE}' inside
lvm pvcreate -q /dev/mapper/inside; lvm vgcreate -q box-vg /dev/mapper/inside
lvm lvcreate -q -n images-lv -l 100%FREE box-vg
fill /dev/box-vg/images-lv ${ON_LVM}; lvm vgchange -an box-vg; cryptsetup close inside
# As cryptsetup makes it on a machine that is not emulated, where Argon2 is as slow as it may be with less.
weak='--pbkdf-force-iterations 4 --pbkdf-memory 1048576 --pbkdf-parallel 4'; format "$disk"2 'not yours' ${FOREIGN}
lvm pvcreate -q "$disk"3; lvm vgcreate -q foreign "$disk"3
lvm lvcreate -q -n data -l 100%FREE foreign; lvm vgchange -an foreign`;

let encrypted = '';
let composed = '';

const SHELL_WORD = 'init=/bin/bash';

async function build(definition: object): Promise<void> {
  const config = join(output, 'machine.json');
  writeFileSync(config, JSON.stringify(definition));
  const made = await execute(process.execPath, [main, 'build', '--config', config, '--output', output]);
  assert.equal(made.code, 0, made.stderr);
}

before(async () => {
  await build(DEFINITION);
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
  // On the machine as well, where programs of lvm2 would activate every group.
  vm.type('mkma layers list; echo "<ended:$?>"');
  await vm.expect(/The images are encrypted: .*\nPassphrase: /);
  vm.press(`${PASSPHRASE}\r`);
  await vm.expect(/<ended:0>/);
  assert.equal(await leftOpen(vm), 'No devices found');
  const probe = (part: string): string => `blkid --probe --output value --match-tag UUID ${part}`;
  assert.equal(await vm.ask(probe('/dev/vda2')), FOREIGN);
});

test('what Argon2 needs is compared with the RAM, and no root shell opens', async () => {
  const { Vm } = await import('../vm/harness.js');
  const words = `mkma_luks=${FOREIGN} mkma_storage_device=UUID=${ON_LVM}`;
  await using vm = Vm.start(words, { args: ['--disk', composed, '--memory', '900'] });
  await vm.expect(
    /\[luks-memory\][\s\S]*keyslot 0 \(argon2id\) needs 1024 MiB; \d+ MiB of RAM are available/,
    120,
  );
  await vm.expect(/no shell opens, since the storage is encrypted[\s\S]*the next try is in 30 seconds/);
  vm.type('echo "<a"shell\\>');
  // It tries again by itself.
  await vm.expect(/\[luks-memory\]/);
  assert.ok(!vm.transcript.includes('<ashell>'), vm.transcript);
});

test('a key file on another device; a key file that is gone leads to the question, where a recovery key fits', async () => {
  const { Vm } = await import('../vm/harness.js');
  const { blank, tool } = await import('../vm/disk.js');
  const tree = join(output, 'key-tree');
  mkdirSync(join(tree, 'keys'), { recursive: true });
  writeFileSync(join(tree, 'keys/box'), `${KEY}\0\n`);
  const stick = blank('stick.img', 16 * 2 ** 20);
  tool('mke2fs', '-q', '-t', 'ext4', '-U', KEY_DEVICE, '-d', tree, stick);
  const words = `mkma_luks=${LUKS} mkma_storage_device=UUID=${FS} mkma_images_path=/img mkma_key=UUID=${KEY_DEVICE}:`;
  {
    await using vm = await Vm.shell(`${words}/keys/box`, { args: ['--disk', encrypted, '--disk', stick] });
    assert.doesNotMatch(vm.transcript, /passphrase/);
    assert.equal(await vm.ask('ls /sys/class/block | grep -c dm- || :'), '0');
  }
  await using vm = Vm.start(`${words}/keys/gone ${SHELL_WORD}`, {
    args: ['--disk', encrypted, '--disk', stick],
  });
  await vm.expect(/warning: cannot read the key file: .*keys\/gone: no such file on it/);
  await vm.expect(/mkma: passphrase: /);
  vm.press(`${RECOVERY}\r`);
  await vm.expectHandover();
});

test("the definition's keyboard layout works at the prompt: y and z are where a German keyboard has them", async () => {
  const { Vm } = await import('../vm/harness.js');
  const words = `mkma_luks=${LUKS} mkma_storage_device=UUID=${FS} mkma_images_path=/img ${SHELL_WORD}`;
  await using vm = Vm.start(words, { args: ['--disk', encrypted] });
  await vm.expect(/mkma: passphrase: /);
  // QEMU's names of keys are those of an American keyboard.
  const keys = [...PASSPHRASE].map((key) => ({ ' ': 'spc', y: 'z', z: 'y' })[key] ?? key);
  vm.press('\x01c');
  await vm.expect(/\(qemu\)/);
  for (const key of [...keys, 'ret']) {
    vm.type(`sendkey ${key}`);
    await vm.expect(/\(qemu\)/);
  }
  vm.press('\x01c');
  await vm.expectHandover();
});

test('a key that early boot leaves in the keyring opens the storage without a question, for automatic saving too', async () => {
  const { Vm } = await import('../vm/harness.js');
  await build({ ...DEFINITION, initramfs: { ...DEFINITION.initramfs, keepKey: true } });
  const words = `mkma_luks=${LUKS} mkma_storage_device=UUID=${FS} mkma_images_path=/img`;
  await using vm = Vm.start(words, { args: ['--disk', encrypted], images: output });
  await vm.expect(/mkma: passphrase: /);
  vm.press(`${RECOVERY}\r`);
  await vm.expectLogin();
  assert.match(
    await vm.ask('dmsetup ls; grep mkma- /proc/keys'),
    new RegExp(`^No devices found\n.* mkma-${LUKS}: `),
  );
  // As mkma-persist.service has it: without a terminal, with the keyring that root's processes share.
  const service = 'systemd-run --quiet --wait --pipe';
  await vm.ask(
    `echo more >/root/more; ${service} --property KeyringMode=shared mkma persist --all </dev/null`,
  );
  assert.match(await vm.ask('systemctl show --property KeyringMode mkma-persist.service'), /shared/);
  assert.match(await vm.ask('dmsetup ls'), /No devices found/);
  const { output: refused } = await vm.sh(`${service} mkma layers list </dev/null`);
  assert.match(refused, /\[luks-locked\][\s\S]*this process cannot reach it/);
});
