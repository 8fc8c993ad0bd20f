import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { HEAD_SIZE } from '../../../../src/core/image/image.js';
import type { Manifest } from '../../../../src/core/image/manifest.js';
import { imageId, verifyPayload } from '../../../../src/host/set/images.js';
import { BASE, imageFile } from '../../core/sample.js';

test("a payload is compared with its digests, segment by segment, and with the image's id", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mkma-images-'));
  try {
    const file = join(folder, 'base.cpio.zst');
    const sha256 = createHash('sha256').update(Buffer.alloc(10, 7)).digest('hex');
    const segments = BASE.segments.flatMap((segment) => [1, 2].map(() => ({ ...segment, sha256 })));
    const facts = { ...BASE, segments };
    const manifest: Manifest = { ...facts, id: imageId(facts) };
    const verify = (of: Manifest, bytes: Uint8Array) => {
      writeFileSync(file, bytes);
      return verifyPayload(file, of, new AbortController().signal);
    };
    const image = imageFile(manifest);
    assert.ok((await verify(manifest, image)).ok);
    const another = await verify({ ...manifest, id: BASE.id }, image);
    assert.match(another.ok ? '' : (another.problem.why ?? ''), /^its manifest has the id sha256:abab/);
    image[HEAD_SIZE + 15] = 8;
    const damaged = await verify(manifest, image);
    assert.match(damaged.ok ? '' : (damaged.problem.why ?? ''), /^segment 2 of 2 \(bytes 26 to 36\)/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
