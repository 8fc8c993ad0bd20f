import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { BASE, imagesFolder } from '../vm/harness.js';
import { makeMedium, testMedium } from '../vm/medium.js';
import { testTwice } from '../vm/medium-twice.js';

testTwice('secure-boot');

const folder = mkdtempSync(join(tmpdir(), 'mkma-media-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('Secure Boot refuses a kernel with one changed byte, and the screen is kept', async () => {
  const images = join(folder, 'images');
  mkdirSync(images);
  for (const name of [BASE, 'initramfs.cpio.zst'])
    copyFileSync(join(imagesFolder(), name), join(images, name));
  const kernel = readFileSync(join(imagesFolder(), 'vmlinuz'));
  kernel[kernel.length >> 1] = (kernel[kernel.length >> 1] ?? 0) ^ 1;
  writeFileSync(join(images, 'vmlinuz'), kernel);
  const changed = { file: join(folder, 'changed.raw'), cache: join(folder, 'cache') };
  await makeMedium(images, changed.file);
  const { stderr, exitCode } = await testMedium(changed, 'secure-boot', 'usb');
  assert.equal(exitCode, 1, stderr);
  assert.match(stderr, /\[boot-failed\]/);
  assert.match(stderr, /bad shim signature/);
  const [, picture = ''] = /its screen: (\S+\.png)/.exec(stderr) ?? [];
  assert.equal(readFileSync(picture).subarray(1, 4).toString(), 'PNG');
});
