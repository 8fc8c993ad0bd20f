/**
 * Tests of one medium by one firmware, as computers boot it: from each bus, with variables that stay and with variables that
 * cannot be written; twice, and a layer saved in between. The medium stays as it was.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { imagesFolder } from './harness.js';
import { assertPassed, definitionFor, digestOf, type Firmware, makeMedium, testMedium } from './medium.js';

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

/** Buses that computers have, and that of virtual machines. */
const BUSES = ['usb', 'nvme', 'ahci', 'virtio'];

/** Registers the tests. */
export function testTwice(firmware: Firmware): void {
  const folder = mkdtempSync(join(tmpdir(), 'mkma-media-'));
  const medium = { file: join(folder, 'medium.raw'), cache: join(folder, 'cache') };
  const config = join(folder, 'mkma.config.ts');
  let digest = '';
  before(async () => {
    await makeMedium(imagesFolder(), medium.file);
    digest = await digestOf(medium.file);
    writeFileSync(config, definitionFor(firmware, TWICE));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  for (const bus of BUSES) {
    for (const nvram of ['writable', 'read-only']) {
      if (nvram === 'read-only' && (firmware === 'bios' || bus === 'virtio')) continue;
      const variables = firmware === 'bios' ? [] : ['--nvram', nvram];
      test(`twice by ${[firmware, 'from', bus, ...variables].join(' ')}, with a layer saved`, async () => {
        assertPassed(await testMedium(medium, firmware, bus, '--config', config, ...variables));
        assert.equal(await digestOf(medium.file), digest);
      });
    }
  }
}
