import assert from 'node:assert/strict';
import { copyFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeManifest, encodeSeekTable, HEAD_SIZE, payloadStart } from '../../src/core/image.js';
import { isErofs } from '../../src/core/manifest.js';
import { BASE, imagesFolder, Vm } from './harness.js';
import { baseManifest, baseOnDisk, bootFromDisk } from './layer.js';

test('a base of another kernel does not boot: both are named, and the remedy', async () => {
  const manifest = baseManifest();
  copyFileSync(join(imagesFolder(), BASE), baseOnDisk());
  truncateSync(
    baseOnDisk(),
    manifest.segments.reduce((sum, { size }) => sum + size, payloadStart(manifest)),
  );
  const frame = encodeManifest({ ...manifest, kernelRelease: '5.10.0-1-amd64' });
  const table = [{ size: HEAD_SIZE, bytes: 0 }, ...manifest.segments, { size: frame.length, bytes: 0 }];
  assert.ok(isErofs(manifest) || manifest.segments.every(({ frames }) => frames === 1));
  const end = isErofs(manifest) ? [frame] : [frame, encodeSeekTable(table)];
  writeFileSync(baseOnDisk(), Buffer.concat(end), { flag: 'a' });
  await using vm = Vm.start(...bootFromDisk());
  await vm.expect(/mkma: BOOT FAILED in phase load\n/);
  const words = `mkma: the kernel and the base do not belong together: /images/${BASE}\n`;
  await vm.expect(new RegExp(words), 20);
  await vm.expect(/why: running kernel: 6\.\S+; the base has modules for: 5\.10\.0-1-amd64\n/, 20);
  await vm.expect(
    /next: let the boot loader load vmlinuz and initramfs\.cpio\.zst of the build that made/,
    20,
  );
  await vm.expectShell();
});
