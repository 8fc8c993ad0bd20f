import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { microcodeArchive } from '../../../../src/host/pack/microcode.js';

test('a tree without microcode has no archive; with some the same files give the same bytes, whatever lies beside them', () => {
  const root = mkdtempSync(join(tmpdir(), 'mkma-test-'));
  try {
    const folder = join(root, 'usr/lib/firmware/intel-ucode');
    assert.equal(microcodeArchive(root), undefined);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'README'), 'no microcode');
    assert.equal(microcodeArchive(root), undefined);
    writeFileSync(join(folder, '06-8e-09'), 'odd');
    const first = microcodeArchive(root);
    assert.ok(first !== undefined && first.length % 4 === 0);
    // Debian ends the names of those that only early loading may touch in .initramfs.
    writeFileSync(join(folder, '06-4f-01.initramfs'), 'more');
    const text = Buffer.from(microcodeArchive(root) ?? []).toString('latin1');
    assert.ok(
      text.includes('GenuineIntel.bin') && text.includes('moreodd') && !text.includes('AuthenticAMD'),
    );
    rmSync(join(folder, '06-4f-01.initramfs'));
    assert.deepEqual(microcodeArchive(root), first);
  } finally {
    rmSync(root, { recursive: true });
  }
});
