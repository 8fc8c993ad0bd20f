import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { encodeRaw, HEAD_SIZE, readImageInfo } from '../../../../src/core/image/image.js';
import { parseManifest } from '../../../../src/core/image/manifest.js';
import { crc32 } from '../../../../src/core/text/bytes.js';
import { BASE, imageFile } from '../sample.js';

function image(change: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes): Uint8Array {
  return change(imageFile(BASE));
}

function info(bytes: Uint8Array) {
  return readImageInfo((offset, length) => bytes.subarray(offset, offset + length), bytes.length);
}

test('crc32 is the one of RFC 1952', () => {
  assert.equal(crc32(new TextEncoder().encode('123456789')), 0xcbf43926);
});

test('a raw frame is what zstd takes, at both ends of its range', () => {
  for (const length of [1, 124, 255]) {
    const content = Buffer.from(Array.from({ length }, (_, i) => (i * 7) & 0xff));
    const zstd = spawnSync('zstd', ['-dcq'], { input: encodeRaw(content) });
    assert.deepEqual([zstd.status, zstd.stdout], [0, content]);
  }
  for (const length of [0, 256]) assert.throws(() => encodeRaw(new Uint8Array(length)), RangeError);
});

test('a manifest comes back as it was written', () => {
  assert.deepEqual(info(image()), { ok: true, value: { format: 'cpio', manifest: BASE } });
});

test('a plain archive has no manifest, and is no error', () => {
  assert.deepEqual(info(new Uint8Array(100).fill(1)), { ok: true, value: { format: 'cpio' } });
  assert.deepEqual(info(new Uint8Array(0)), { ok: true, value: { format: 'cpio' } });
});

test('every flipped byte outside the payload is noticed', () => {
  const whole = image();
  for (let at = 0; at < whole.length; at++) {
    if (at >= HEAD_SIZE && at < HEAD_SIZE + 10) continue;
    const got = info(
      image((bytes) => {
        bytes[at] = (bytes[at] as number) ^ 0x55;
        return bytes;
      }),
    );
    assert.ok(!got.ok, `byte ${at} changed and was not noticed`);
    assert.match(got.problem.what, /damaged|another format/);
  }
});

test('every cut is noticed', () => {
  const whole = image();
  for (let length = HEAD_SIZE; length < whole.length; length++) {
    const got = info(whole.subarray(0, length));
    assert.ok(!got.ok, `cut to ${length} of ${whole.length}`);
  }
  const cut = info(whole.subarray(0, -1));
  assert.ok(!cut.ok);
  assert.equal(cut.problem.why, 'its end is missing: it was truncated, or not copied completely');
});

test('another format version is refused, both sides named', () => {
  const got = parseManifest(JSON.stringify({ ...BASE, format: 2 }));
  assert.ok(!got.ok);
  assert.equal(got.problem.why, 'the image: format 2; this program: format 1');
});

test('a manifest with a wrong field is refused, the field named', () => {
  const wrong: [string, unknown][] = [
    ['id', 'sha256:1'],
    ['inodes', -1],
    ['unpackedBytes', 1.5],
    ['segments', []],
    ['segments', [{ size: 1 }]],
    ['kind', 'other'],
    ['root', { mode: 1 }],
    ['suite', null],
  ];
  for (const [field, value] of wrong) {
    const got = parseManifest(JSON.stringify({ ...BASE, [field]: value }));
    assert.ok(!got.ok, field);
    assert.equal(got.problem.why, `its manifest has no valid ${field}`);
  }
});
