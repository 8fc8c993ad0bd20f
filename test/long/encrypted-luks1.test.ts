/** LUKS1: opened as LUKS2 is, but its key cannot stay in the kernel: said, and commands ask. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { execute, main } from '../cli/cli.js';

const built = process.env.MKMA_TEST_IMAGES ?? '';
assert.ok(built);
const output = mkdtempSync(join(dirname(built), 'luks1-'));
after(() => rmSync(output, { recursive: true, force: true }));

const LUKS = '11111111-2222-4333-8444-000000000021';
const FS = '11111111-2222-4333-8444-0000000000f4';
const PASSPHRASE = 'zebra yak';

const DEFINITION = {
  extends: ['console'],
  hostname: 'luks1',
  compressionLevel: 1,
  packages: ['e2fsprogs'],
  initramfs: { storage: ['luks'], keepKey: true },
};

const DISK = `printf %s '${PASSPHRASE}' | cryptsetup luksFormat --batch-mode --type luks1 \
  --pbkdf-force-iterations 1000 --key-file=- --uuid ${LUKS} $disk
open_into $disk '${PASSPHRASE}' inside; fill /dev/mapper/inside ${FS}; cryptsetup close inside`;

let disk = '';

before(async () => {
  const config = join(output, 'machine.json');
  writeFileSync(config, JSON.stringify(DEFINITION));
  const made = await execute(process.execPath, [main, 'build', '--config', config, '--output', output]);
  assert.equal(made.code, 0, made.stderr);
  process.env.MKMA_TEST_IMAGES = output;
  const { makeDisks } = await import('../vm/encrypted-disk.js');
  [disk = ''] = await makeDisks([{ name: 'luks1', megabytes: 400, script: DISK }]);
});

test('it boots, warns that keepKey needs LUKS2, and asks for the passphrase to save', async () => {
  const { Vm } = await import('../vm/harness.js');
  const words = `mkma_luks=${LUKS} mkma_storage_device=UUID=${FS} mkma_images_path=/img`;
  const more = { args: ['--disk', disk] };
  {
    await using vm = Vm.start(words, more);
    await vm.expect(/warning: the key of a volume is not left in the kernel: .*LUKS1/);
    await vm.expect(/mkma: passphrase: /);
    vm.press('wrong\r');
    await vm.expect(/wrong passphrase \(1 of 3\)\nmkma: passphrase: /);
    vm.press(`${PASSPHRASE}\r`);
    await vm.expectLogin();
    assert.equal(
      await vm.ask('dmsetup ls; grep -E "logon|cryptsetup|mkma-" /proc/keys; :'),
      'No devices found',
    );
    const { output: locked } = await vm.sh('setsid --wait mkma persist --all </dev/null');
    assert.match(locked, /\[luks-locked\][\s\S]*its header is LUKS1/);
    await vm.ask('echo kept >/root/kept');
    vm.type('mkma persist --all; echo "<ended:$?>"');
    await vm.expect(/The images are encrypted: .*\nPassphrase: /);
    vm.press(`${PASSPHRASE}\r`);
    await vm.expect(/<ended:0>/);
    assert.equal(await vm.ask('dmsetup ls'), 'No devices found');
    assert.equal(await vm.powerOff(), 0);
  }
  await using vm = Vm.start(words, more);
  await vm.expect(/mkma: passphrase: /);
  vm.press(`${PASSPHRASE}\r`);
  await vm.expectLogin();
  assert.equal(await vm.ask('cat /root/kept'), 'kept');
});
