/** One medium, booted as computers do: each firmware, each bus, with and without variables that stay; twice, and a layer saved. It stays as it was. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { BASE, imagesFolder } from '../vm/harness.js';
import {
  assertPassed,
  definitionFor,
  digestOf,
  FIRMWARE,
  type Firmware,
  makeMedium,
  testMedium,
} from '../vm/medium.js';

/** What is saved is there after a reboot, and the firmware has the same boot entries as before, none of which names a file. */
const TWICE = String.raw`
    {
      name: 'twice, and what is saved is there',
      async run(guest) {
        const inVariables = (command) => guest.ok('cd ' + variables + ' && ' + command);
        const entries = () => inVariables('sha256sum Boot[0-9]* BootOrder-*');
        const before = firmware === 'bios' ? '' : await entries();
        await guest.ok('echo kept >/etc/kept');
        await guest.persist('--all');
        await guest.reboot();
        assert.equal(await guest.read('/etc/kept'), 'kept\n');
        assert.match(await guest.ok('mkma layers list'), /^\d{8}_\d{6} .* applied$/m);
        if (firmware === 'bios') return;
        assert.match(before, / BootOrder-/);
        assert.equal(await entries(), before);
        const files = "for entry in Boot[0-9]*; do tr -d '\\0' <$entry | grep -aoiF '\\EFI\\'; done; :";
        assert.equal(await inVariables(files), '');
      },
    },`;

const folder = mkdtempSync(join(tmpdir(), 'mkma-media-'));
const medium = join(folder, 'medium.raw');
const cache = join(folder, 'cache');
const definitionOf = (firmware: Firmware): string => join(folder, `${firmware}.config.ts`);
let digest = '';

before(async () => {
  await makeMedium(imagesFolder(), medium);
  digest = await digestOf(medium);
  for (const firmware of FIRMWARE) writeFileSync(definitionOf(firmware), definitionFor(firmware, TWICE));
});
after(() => rmSync(folder, { recursive: true, force: true }));

for (const firmware of FIRMWARE) {
  for (const bus of ['usb', 'nvme', 'ahci', 'virtio']) {
    for (const nvram of ['writable', 'read-only']) {
      // A BIOS has no variables; virtio is of virtual machines only.
      if (nvram === 'read-only' && (firmware === 'bios' || bus === 'virtio')) continue;
      const variables = firmware === 'bios' ? [] : ['--nvram', nvram];
      test(`twice by ${firmware} from ${bus}, with a layer saved ${variables.join(' ')}`, async () => {
        const config = ['--config', definitionOf(firmware)];
        assertPassed(await testMedium({ file: medium, cache }, firmware, bus, ...config, ...variables));
        assert.equal(await digestOf(medium), digest);
      });
    }
  }
}

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
  const { stderr, exitCode } = await testMedium({ file: changed, cache }, 'secure-boot', 'usb');
  assert.equal(exitCode, 1, stderr);
  assert.match(stderr, /\[boot-failed\]/);
  assert.match(stderr, /bad shim signature/);
  const [, picture = ''] = /its screen: (\S+\.png)/.exec(stderr) ?? [];
  assert.equal(readFileSync(picture).subarray(1, 4).toString(), 'PNG');
});
