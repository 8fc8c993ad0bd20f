/** What `mkma install` makes boots, as it is: by BIOS, and by UEFI with Secure Boot enforced. The rest is in long/medium-*. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { imagesFolder } from './harness.js';
import { assertPassed, definitionFor, digestOf, makeMedium, testMedium } from './medium.js';

/** Asserted in the machine, which is not changed for it. */
const GENERATION = `
    {
      name: 'it runs from a generation',
      async run(guest) {
        assert.match(await guest.ok('mkma generations list'), /^1 .* running, default$/m);
      },
    },`;

const folder = mkdtempSync(join(tmpdir(), 'mkma-media-'));
const medium = join(folder, 'medium.raw');
let digest = '';

before(async () => {
  await makeMedium(imagesFolder(), medium);
  digest = await digestOf(medium);
});
after(() => rmSync(folder, { recursive: true, force: true }));

for (const [firmware, bus] of [
  ['bios', 'usb'],
  ['secure-boot', 'nvme'],
] as const) {
  test(`${firmware}: it boots, and stays as it was`, async () => {
    const config = join(folder, 'mkma.config.ts');
    writeFileSync(config, definitionFor(firmware, GENERATION));
    const where = { file: medium, cache: join(folder, 'cache') };
    assertPassed(await testMedium(where, firmware, bus, '--config', config));
    assert.equal(await digestOf(medium), digest);
  });
}
