/** An ISO, booted as computers do: from CD and from a stick, by each firmware, with a layer; nothing can be saved on it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { imagesFolder, mkma } from '../vm/harness.js';
import { imagesOnDisk, makeLayer } from '../vm/layer.js';
import { assertPassed, definitionFor, digestOf, FIRMWARE, testMedium } from '../vm/medium.js';

const folder = mkdtempSync(join(tmpdir(), 'mkma-iso-'));
const iso = join(folder, 'box.iso');
let digest = '';

/** Its own generation and layer; where to save instead is what a refusal names. */
const READ_ONLY = String.raw`
    {
      name: 'its generation and its layer are there, and cannot be saved beside',
      async run(guest) {
        assert.match(await guest.ok('mkma generations list'), /^1 .* running, default$/m);
        assert.equal(await guest.read('/etc/kept'), 'kept\n');
        await guest.ok('echo more >/etc/more');
        const { exitCode, stderr } = await guest.run('mkma persist --all');
        assert.equal(exitCode, 1, stderr);
        assert.match(stderr, /mkma_layers_device=/);
      },
    },`;

before(async () => {
  await makeLayer('20260101_000000', { script: 'mkdir etc; echo kept >etc/kept' });
  const made = await mkma('export', 'iso', iso, '--output', imagesFolder(), '--layers', imagesOnDisk());
  assert.equal(made.exitCode, 0, made.output + made.stderr);
  digest = await digestOf(iso);
});
after(() => rmSync(folder, { recursive: true, force: true }));

for (const firmware of FIRMWARE) {
  for (const bus of ['cd', 'usb']) {
    test(`by ${firmware} from ${bus}`, async () => {
      const config = join(folder, `${firmware}.config.ts`);
      writeFileSync(config, definitionFor(firmware, READ_ONLY));
      const medium = { file: iso, cache: join(folder, 'cache') };
      assertPassed(await testMedium(medium, firmware, bus, '--config', config));
      assert.equal(await digestOf(iso), digest);
    });
  }
}
