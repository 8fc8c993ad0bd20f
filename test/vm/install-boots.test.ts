/** What `mkma install` makes boots, as it is: by BIOS, and by UEFI with Secure Boot enforced. The rest is in long/medium. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { imagesFolder, mkma } from './harness.js';
import { digestOf, makeMedium } from './medium.js';

/** Asserted in the machine, which is not changed for it. */
const DEFINITION = String.raw`import assert from 'node:assert/strict';
import { defineMachine } from 'mkma';

export default defineMachine({
  extends: ['console'],
  tests: [
    {
      name: 'Secure Boot is enforced',
      async run(guest) {
        assert.match(await guest.ok('od -An -tu1 /sys/firmware/efi/efivars/SecureBoot-*'), / 1$/);
        assert.match(await guest.ok('cat /sys/kernel/security/lockdown'), /\[integrity\]/);
      },
    },
    {
      name: 'it runs from a generation',
      async run(guest) {
        assert.match(await guest.ok('mkma generations list'), /^1 .* running, default$/m);
      },
    },
  ],
});
`;

const folder = mkdtempSync(join(tmpdir(), 'mkma-media-'));
const medium = join(folder, 'medium.raw');
let digest = '';

before(async () => {
  await makeMedium(imagesFolder(), medium);
  digest = await digestOf(medium);
  writeFileSync(join(folder, 'mkma.config.ts'), DEFINITION);
});
after(() => rmSync(folder, { recursive: true, force: true }));

for (const [firmware, ...more] of [
  ['bios', '--bus', 'usb'],
  ['secure-boot', '--bus', 'nvme', '--config', join(folder, 'mkma.config.ts')],
] as const) {
  test(`${firmware}: it boots, and stays as it was`, async () => {
    const where = ['--medium', medium, '--firmware', firmware, '--cache', join(folder, 'cache')];
    const { output, stderr, exitCode } = await mkma('test', ...where, ...more);
    assert.equal(exitCode, 0, output + stderr);
    assert.equal(await digestOf(medium), digest);
  });
}
