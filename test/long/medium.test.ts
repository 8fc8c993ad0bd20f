/** One medium, booted as computers do: each firmware, each bus. It stays as it was. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { BASE, imagesFolder, mkma, type Outcome } from '../vm/harness.js';
import { digestOf, makeMedium } from '../vm/medium.js';

/** Asserts what the firmware left in the machine, and that its boot entries are the same after a second boot. */
const DEFINITION = String.raw`import assert from 'node:assert/strict';
import { defineMachine } from 'mkma';

const variables = '/sys/firmware/efi/efivars';
const entries = 'cd ' + variables + ' && sha256sum Boot[0-9]* BootOrder-*';

export default defineMachine({
  extends: ['console'],
  tests: [
    {
      name: 'Secure Boot is enforced',
      async run(guest) {
        assert.match(await guest.ok('od -An -tu1 ' + variables + '/SecureBoot-*'), / 1$/);
        assert.match(await guest.ok('cat /sys/kernel/security/lockdown'), /\[integrity\]/);
      },
    },
    {
      name: 'what is saved is there after a reboot, and the firmware has the same boot entries',
      async run(guest) {
        const before = await guest.ok(entries);
        await guest.ok('echo kept >/etc/kept');
        await guest.persist('--all');
        await guest.reboot();
        assert.equal(await guest.read('/etc/kept'), 'kept\n');
        assert.equal(await guest.ok(entries), before);
      },
    },
  ],
});
`;

const folder = mkdtempSync(join(tmpdir(), 'mkma-media-'));
const medium = join(folder, 'medium.raw');
const definition = join(folder, 'mkma.config.ts');
let digest = '';

before(async () => {
  await makeMedium(imagesFolder(), medium);
  digest = await digestOf(medium);
  writeFileSync(definition, DEFINITION);
});
after(() => rmSync(folder, { recursive: true, force: true }));

type Tested = Outcome & { readonly stderr: string };

async function testMedium(file: string, firmware: string, bus: string, ...more: string[]): Promise<Tested> {
  const where = ['--medium', file, '--firmware', firmware, '--bus', bus, '--cache', join(folder, 'cache')];
  return mkma('test', ...where, ...more);
}

function assertPassed({ output, stderr, exitCode }: Tested): void {
  assert.equal(exitCode, 0, output + stderr);
}

for (const [firmware, bus, nvram] of [
  ['bios', 'usb'],
  ['bios', 'nvme'],
  ['bios', 'ahci'],
  ['bios', 'virtio'],
  ['uefi', 'usb', 'read-only'],
  ['uefi', 'nvme'],
  ['uefi', 'ahci'],
  ['uefi', 'virtio'],
  ['secure-boot', 'usb', 'read-only'],
  ['secure-boot', 'ahci'],
  ['secure-boot', 'virtio'],
] as const) {
  test(`${firmware}, ${bus}${nvram === undefined ? '' : `, variables ${nvram}`}`, async () => {
    assertPassed(await testMedium(medium, firmware, bus, ...(nvram === undefined ? [] : ['--nvram', nvram])));
    assert.equal(await digestOf(medium), digest);
  });
}

test('Secure Boot enforced on NVMe; a layer saved; a second boot with the same boot entries', async () => {
  assertPassed(await testMedium(medium, 'secure-boot', 'nvme', '--config', definition));
  assert.equal(await digestOf(medium), digest);
});

test('Secure Boot refuses a kernel with one changed byte, and the screen is kept', async () => {
  const images = join(folder, 'images');
  mkdirSync(images);
  for (const name of [BASE, 'initramfs.cpio.zst'])
    copyFileSync(join(imagesFolder(), name), join(images, name));
  const kernel = readFileSync(join(imagesFolder(), 'vmlinuz'));
  kernel[kernel.length >> 1] = (kernel[kernel.length >> 1] ?? 0) ^ 1;
  writeFileSync(join(images, 'vmlinuz'), kernel);
  const changed = join(folder, 'changed.raw');
  await makeMedium(images, changed);
  const { stderr, exitCode } = await testMedium(changed, 'secure-boot', 'usb');
  assert.equal(exitCode, 1, stderr);
  assert.match(stderr, /\[boot-failed\]/);
  assert.match(stderr, /bad shim signature/);
  const [, picture = ''] = /its screen: (\S+\.png)/.exec(stderr) ?? [];
  assert.equal(readFileSync(picture).subarray(1, 4).toString(), 'PNG');
});
