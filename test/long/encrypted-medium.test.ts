/**
 * Encrypted media, booted by their own boot loader: a passphrase opens them, changes are saved and come back, a generation
 * is added on a host with a device mapper, and the machine itself changes which one boots.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { readMedium } from '../../src/host/media/medium.js';
import { FAST } from '../vm/fast.js';
import { GUEST, GuestHost } from '../vm/guest-host.js';
import { builtImages, mkma, Vm } from '../vm/harness.js';

const PASSPHRASE = 'zebra yak';
const APPEND = `console=ttyS0 no_timer_check ${FAST}`;
const folder = mkdtempSync(join(dirname(builtImages()), 'encrypted-medium-'));
const [first, second, medium] = ['first', 'second', 'medium.raw'].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];
after(() => rmSync(folder, { recursive: true, force: true }));

async function build(output: string, hostname: string): Promise<void> {
  const config = join(folder, `${hostname}.json`);
  const definition = {
    extends: ['console'],
    hostname,
    compressionLevel: 1,
    initramfs: { storage: ['luks'] },
  };
  writeFileSync(config, JSON.stringify(definition));
  const built = await mkma('build', '--config', config, '--output', output);
  assert.equal(built.exitCode, 0, built.stderr);
}

before(async () => {
  await build(first, 'first');
  await build(second, 'second');
  const passphrase = join(folder, 'passphrase');
  writeFileSync(passphrase, `${PASSPHRASE}\n`);
  // Deriving the key takes emulated processors ten times as long.
  const how = ['--encrypt', '--passphrase-file', passphrase, '--key-memory', '32', '--size', '1800M'];
  const made = await mkma('install', medium, '--output', first, ...how, '--append', APPEND);
  assert.equal(made.exitCode, 0, made.stderr);
});

function start(firmware: string): Vm {
  return Vm.start('', {
    images: first,
    args: ['--disk', medium, '--firmware', firmware, '--memory', '2048'],
  });
}

async function open(firmware: string): Promise<Vm> {
  const vm = start(firmware);
  await vm.expect(/mkma: passphrase: /);
  vm.press(`${PASSPHRASE}\r`);
  await vm.expectLogin();
  return vm;
}

/** Runs a command of mkma on the machine that asks for the passphrase; returns what it printed. */
async function withPassphrase(vm: Vm, command: string): Promise<string> {
  vm.type(`${command}; echo "<ended:$?>"`);
  await vm.expect(/The images are encrypted: .*\nPassphrase: /);
  vm.press(`${PASSPHRASE}\r`);
  const [said] = await vm.expect(/[\s\S]*<ended:\d+>/);
  assert.match(said, /<ended:0>/);
  return said;
}

test('unattended: opened with the passphrase of a file, and not with another one', async () => {
  const test = ['test', '--medium', medium, '--firmware', 'bios', '--preset', 'console'];
  const passed = await mkma(...test, '--passphrase-file', join(folder, 'passphrase'));
  assert.equal(passed.exitCode, 0, passed.output + passed.stderr);
  writeFileSync(join(folder, 'wrong'), 'wrong\n');
  const failed = await mkma(...test, '--passphrase-file', join(folder, 'wrong'));
  assert.equal(failed.exitCode, 1);
  assert.match(failed.stderr, /mkma: wrong passphrase \(1 of 3\) \[boot-failed\]/);
  const refused = await mkma(...test);
  assert.equal(refused.exitCode, 2);
  assert.match(refused.stderr, /name a file with it: --passphrase-file FILE/);
});

/** What is left open: names of the device mapper, and keys of volumes. */
const LEFT = 'dmsetup ls; grep -E "logon|cryptsetup|mkma-" /proc/keys; :';

test('by BIOS, then with Secure Boot: opened with the passphrase, saved, closed, and there again', async () => {
  {
    await using vm = start('bios');
    await vm.expect(/mkma: encrypted: .*\n.*\nmkma: passphrase: /);
    vm.press('wrong\r');
    await vm.expect(/wrong passphrase \(1 of 3\)\nmkma: passphrase: /);
    vm.press(`${PASSPHRASE}\r`);
    await vm.expectLogin();
    assert.equal(await vm.ask(LEFT), 'No devices found');
    await vm.ask('echo kept >/root/kept');
    await withPassphrase(vm, 'mkma persist --all');
    assert.equal(await vm.ask(LEFT), 'No devices found');
    assert.equal(await vm.powerOff(), 0);
  }
  await using vm = await open('secure-boot');
  assert.equal(await vm.ask('cat /root/kept'), 'kept');
  assert.match(await vm.ask('od -An -tu1 /sys/firmware/efi/efivars/SecureBoot-*'), / 1$/);
  assert.equal(await vm.powerOff(), 0);
});

test('a host with a device mapper adds a generation, whole inside and in the open', async () => {
  await using host = await GuestHost.start({ images: second, disks: [medium] });
  const [disk = ''] = host.disks;
  const name = disk.replace('/dev/', '');
  await host.script(`printf '${PASSPHRASE}\\n' >/run/right; printf 'wrong\\n' >/run/wrong`);
  const common = `--output ${GUEST.images} --append '${APPEND}'`;
  const add = `install ${disk} ${common} --confirm ${name} --passphrase-file`;
  // Emulated processors encrypt and compare all of it.
  const LONG = 1500;
  const wrong = await host.mkma(`${add} /run/wrong`, LONG);
  assert.match(wrong.output, /\[luks-wrong-passphrase\]/);
  const added = await host.mkma(`${add} /run/right`, LONG);
  assert.equal(added.exitCode, 0, added.output);
  assert.match(added.output, /added generation 2 to .*; its layers and older generations stay/);
  assert.equal(await host.vm.ask(`${LEFT} losetup --list --noheadings`), 'No devices found');
  // Again: nothing to do. In a file on that host, by loop devices, likewise.
  const again = await host.mkma(`${add} /run/right`, LONG);
  assert.match(again.output, /has these images already, as generation 2/);
  await host.script(`cp --sparse=always ${disk} /srv/medium.img`);
  const inFile = await host.mkma(
    `install /srv/medium.img ${common} --passphrase-file /run/right --layers none`,
    LONG,
  );
  assert.match(inFile.output, /added generation 3 to/);
  assert.equal(await host.vm.ask(`${LEFT} losetup --list --noheadings`), 'No devices found');
  assert.equal(await host.vm.powerOff(), 0);
});

/** What GRUB's own code reads of the partition in the open. */
function menu(): string {
  return execFileSync('grub-fstest', [medium, 'cat', '(loop0,gpt3)/boot/grub/grub.cfg'], {
    encoding: 'utf8',
  });
}

const folders = (): string =>
  execFileSync('grub-fstest', [medium, 'ls', '(loop0,gpt3)/mkma/generations/'], { encoding: 'utf8' });

test('the machine boots the new generation with the old layer, chooses the old one, and drops the new', async () => {
  assert.equal(menu().match(/^menuentry /gm)?.length, 2);
  {
    await using vm = await open('bios');
    assert.equal(await vm.ask('hostname; cat /root/kept'), 'second\nkept');
    const list = await withPassphrase(vm, 'mkma generations list');
    assert.match(list, /^2 .*default.*running|^2 .*running.*default/m);
    const used = await withPassphrase(vm, 'mkma generations use 1');
    assert.match(used, /updated the boot loader's menu: \/boot\/grub\/grub.cfg/);
    assert.equal(await vm.ask(`${LEFT} findmnt --noheadings /run/mkma/boot`), 'No devices found');
    assert.equal(await vm.powerOff(), 0);
  }
  assert.match(menu(), /set default=mkma-first\n/);
  await using vm = await open('bios');
  assert.equal(await vm.ask('hostname'), 'first');
  await withPassphrase(vm, 'mkma generations drop 2');
  assert.equal(await vm.powerOff(), 0);
  assert.equal(menu().match(/^menuentry /gm)?.length, 1);
  assert.doesNotMatch(folders(), /\b2\b/);
  assert.ok(readMedium(medium)?.encrypted);
});
