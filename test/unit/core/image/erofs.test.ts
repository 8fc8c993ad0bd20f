import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readErofs } from '../../../../src/core/image/erofs/reader.js';
import { readSuperblock } from '../../../../src/core/image/erofs/superblock.js';
import { windowed } from '../../../../src/core/image/erofs/window.js';
import { payloadStart, readImageInfo } from '../../../../src/core/image/image.js';
import { isErofs, nameCount, parseManifest } from '../../../../src/core/image/manifest.js';
import { err, ok, type Problem } from '../../../../src/core/result.js';
import { chooseBase, passedOverText } from '../../../../src/core/set/base.js';
import { BASE, EROFS_BASE, erofsFile } from '../sample.js';

function info(bytes: Uint8Array) {
  return readImageInfo((offset, length) => bytes.subarray(offset, offset + length), bytes.length);
}

test('the manifest behind a file system comes back, and where that ends', () => {
  const fileSystem = EROFS_BASE.segments[0]?.size;
  const whole = info(erofsFile(EROFS_BASE));
  assert.deepEqual(whole, { ok: true, value: { format: 'erofs', fileSystem, manifest: EROFS_BASE } });
  assert.equal(payloadStart(EROFS_BASE), 0);
  assert.equal(payloadStart(BASE), 16);
});

test('a file system of other tools has no manifest, whatever follows it', () => {
  const bytes = erofsFile(EROFS_BASE).fill(0, 0, 16);
  const plain = { ok: true, value: { format: 'erofs', fileSystem: 8192 } };
  assert.deepEqual(info(bytes), plain);
  assert.deepEqual(info(bytes.subarray(0, 8192)), plain);
});

test('every cut is noticed, and told apart', () => {
  const whole = erofsFile(EROFS_BASE);
  for (let length = 1152; length < whole.length; length++) {
    const got = info(whole.subarray(0, length));
    assert.ok(!got.ok, `cut to ${length} of ${whole.length}`);
    if (length < 8192) {
      const why = `its file system has 8192 bytes, the file ${length}: it was truncated, or not copied completely`;
      assert.equal(got.problem.why, why);
    }
    // Shorter ones lack a manifest's head.
    if (length === 8192 || length >= 8212) assert.match(got.problem.why ?? '', /^its end is missing/);
  }
  const more = info(new Uint8Array([...whole, 0]));
  assert.ok(!more.ok);
});

test('every byte of the manifest that is changed is noticed, and one of another file system', () => {
  const whole = erofsFile(EROFS_BASE);
  for (let at = 8192; at < whole.length; at++) {
    const bytes = whole.slice();
    bytes[at] = (bytes[at] as number) ^ 0x55;
    assert.ok(!info(bytes).ok, `byte ${at}`);
  }
  const [segment] = EROFS_BASE.segments;
  assert.ok(segment);
  const other = info(erofsFile({ ...EROFS_BASE, segments: [{ ...segment, size: 4096 }] }, 8192));
  assert.ok(!other.ok);
  assert.equal(other.problem.why, 'its manifest describes a different file system from the one it contains');
  const smaller = info(erofsFile({ ...EROFS_BASE, unpackedBytes: 4096 }));
  assert.ok(!smaller.ok, 'what it takes of RAM is the whole of it');
  const archive = info(erofsFile(BASE, 8192));
  assert.ok(!archive.ok);
});

test('a manifest of a file system is known by what it needs, and checked', () => {
  const parse = (change: Record<string, unknown>) =>
    parseManifest(JSON.stringify({ ...EROFS_BASE, ...change }));
  const good = parse({});
  assert.ok(good.ok && isErofs(good.value));
  // On a tmpfs there is nothing of it.
  assert.equal(nameCount(good.value), 0);
  for (const erofs of [{}, { xxh64: 'x' }, { xxh64: '0123456789abcdef0' }, [], 'no']) {
    const got = parse({ erofs });
    assert.ok(!got.ok);
    assert.equal(got.problem.why, 'its manifest has no valid erofs');
  }
  const layer = { deletions: ['etc/gone'], opaque: [] };
  assert.ok(parse({ kind: 'layer', layer }).ok);
  const file = { path: 'a', mode: 0o644, uid: 0, gid: 0, mtime: 1, size: 1, sha256: 'a'.repeat(64) };
  const metadata = parse({ kind: 'layer', layer: { ...layer, metadata: [file] } });
  assert.ok(!metadata.ok, 'it is mounted as it is');
  assert.equal(metadata.problem.why, 'its manifest has no valid layer');
  assert.ok(!parse({ segments: [...EROFS_BASE.segments, ...EROFS_BASE.segments] }).ok);
});

test('bytes that are no file system, or a broken one, are told, and never lead anywhere', () => {
  assert.equal(readSuperblock(new Uint8Array(5000)), undefined);
  const read = (bytes: Uint8Array) =>
    readErofs((offset, length) => bytes.subarray(offset, offset + length), { onRecord: () => undefined });
  assert.equal(read(new Uint8Array(10)), 'it is not an EROFS file system');
  // The root is an inode of zeros.
  assert.equal(read(erofsFile(EROFS_BASE)), 'its root is not a folder');
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 8192, maxLength: 8192 }), (noise) => {
      const bytes = erofsFile(EROFS_BASE);
      bytes.set(noise.subarray(1152), 1152);
      const wrong = read(bytes);
      assert.ok(wrong === undefined || wrong.length > 0);
    }),
  );
});

test('small pieces are read out of larger ones', () => {
  const file = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251);
  let reads = 0;
  const read = windowed((offset, length) => {
    reads++;
    return file.subarray(offset, offset + length);
  });
  for (const [offset, length] of [
    [0, 10],
    [65_530, 20],
    [131_071, 70_000],
    [299_990, 10],
  ] as const) {
    assert.deepEqual(read(offset, length), file.subarray(offset, offset + length));
  }
  assert.equal(reads, 5);
  assert.throws(() => read(299_990, 11), RangeError);
});

/** Two bases, by when they were made; `undefined`: without a manifest; a problem: not to be read. */
function choose(...made: (string | undefined | Problem)[]) {
  const { base, passedOver } = chooseBase([...made.keys()], (i) => {
    const one = made[i];
    if (typeof one === 'object') return err(one);
    return ok(one === undefined ? {} : { manifest: { ...BASE, created: one } });
  });
  return [base, ...passedOver.map((other) => passedOverText(`base ${other.base}`, other))];
}

test('of two bases the one made last counts, and it is told why the other one does not', () => {
  const [old, young] = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'];
  const not = (i: number, why: string) => `base ${i} is present too and is not used: ${why}`;
  assert.deepEqual(choose(), [undefined]);
  const one = chooseBase(['a'], () => assert.fail('there is nothing to choose'));
  assert.deepEqual(one, { base: 'a', passedOver: [] });
  assert.deepEqual(choose(old, young), [1, not(0, 'an older base; remove it')]);
  assert.deepEqual(choose(young, old), [0, not(1, 'an older base; remove it')]);
  const same = 'both were made at the same time; remove the one you do not want';
  assert.deepEqual(choose(old, old), [0, not(1, same)]);
  const unknown = 'its age is unknown; remove the one you do not want';
  assert.deepEqual(choose(undefined, old), [1, not(0, unknown)]);
  assert.deepEqual(choose(undefined, undefined), [0, not(1, unknown)]);
  const damaged: Problem = { code: 'image-damaged', what: 'the image is damaged', why: 'its end is missing' };
  const unreadable = 'the image is damaged (its end is missing); copy or build it again, or remove it';
  assert.deepEqual(choose(damaged, old), [1, not(0, unreadable)]);
  assert.deepEqual(choose(undefined, { code: 'image-empty', what: 'the image is empty' }), [
    0,
    not(1, 'the image is empty; copy or build it again, or remove it'),
  ]);
});
