/** Which set of an images folder goes onto a medium. */
import assert from 'node:assert/strict';
import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findSet } from '../../../../src/host/media/source.js';
import { BASE, imageFile } from '../../core/sample.js';

const FILES = ['base.cpio.zst', 'initramfs.cpio.zst', 'vmlinuz'];

function put(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of FILES)
    writeFileSync(join(folder, name), name.startsWith('base') ? imageFile(BASE) : '.');
}

test('the last build goes along; where another generation was chosen, a note says so', () => {
  const images = mkdtempSync(join(tmpdir(), 'mkma-source-'));
  const noted = (): string | undefined => {
    const set = findSet(images);
    assert.ok(set.ok);
    assert.equal(set.value.folder, images);
    return set.value.note;
  };
  try {
    put(images);
    put(join(images, 'generations/1'));
    assert.equal(noted(), undefined, 'no generation was chosen');
    writeFileSync(join(images, 'generations/default'), '1\n');
    assert.match(noted() ?? '', /generations use chose: --output .*generations\/1$/);
    for (const name of FILES) {
      rmSync(join(images, 'generations/1', name));
      linkSync(join(images, name), join(images, 'generations/1', name));
    }
    assert.equal(noted(), undefined, 'they are the same images');
    for (const name of FILES) rmSync(join(images, name));
    const set = findSet(images);
    assert.equal(set.ok && set.value.folder, join(images, 'generations/1'));
  } finally {
    rmSync(images, { recursive: true });
  }
});
