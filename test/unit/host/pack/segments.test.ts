/** Frames by the real zstd. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Entropy } from '../../../../src/host/pack/entropy.js';
import { compressSegments } from '../../../../src/host/pack/segments.js';
import { workOrder } from '../../../../src/host/pack/work-order.js';

/** Compresses with the real zstd; returns what was passed on, in order. */
async function compressed(
  segments: readonly (Uint8Array | 'kept')[],
  level: number,
  order?: readonly number[],
): Promise<(number | string)[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'mkma-segments-'));
  const passed: (number | string)[] = [];
  try {
    await compressSegments(
      segments.map((bytes) => (bytes === 'kept' ? bytes : [bytes])),
      {
        ...{ level, processors: 2, scratch },
        ...(order === undefined ? {} : { order }),
        onFrame: ({ segment, path, bytes }) => {
          passed.push(segment);
          assert.equal(bytes, segments[segment]?.length);
          const content = execFileSync('zstd', ['-dcq', path], { maxBuffer: 2 ** 26 });
          assert.ok(content.equals(segments[segment] as Buffer));
          rmSync(path);
        },
        onKept: (segment) => passed.push(`kept ${segment}`),
      },
    );
    assert.deepEqual(readdirSync(scratch), []);
  } finally {
    rmSync(scratch, { recursive: true });
  }
  return passed;
}

// The first takes longest by far.
const SEGMENTS = [randomBytes(12 * 2 ** 20), ...[1, 2, 3, 4, 5].map((n) => Buffer.from(`segment ${n}`))];

test('frames come in the order of the archive, whichever is done first', async () => {
  assert.deepEqual(await compressed(SEGMENTS, 12), [0, 1, 2, 3, 4, 5]);
});

test('so they do if they are compressed in another order, with what is kept among them', async () => {
  assert.deepEqual(await compressed(SEGMENTS, 1, [5, 3, 4, 0, 2, 1]), [0, 1, 2, 3, 4, 5]);
  const some = SEGMENTS.map((segment, i) => (i % 2 === 1 ? segment : 'kept'));
  assert.deepEqual(await compressed(some, 1, [5, 0, 4, 1, 3, 2]), ['kept 0', 1, 'kept 2', 3, 'kept 4', 5]);
  assert.deepEqual(await compressed(['kept', 'kept'], 1), ['kept 0', 'kept 1']);
});

test('at slow levels the largest segments are compressed first', () => {
  assert.deepEqual(workOrder([1, 3, 2, 3], 3), [0, 1, 2, 3]);
  assert.deepEqual(workOrder([1, 3, 2, 3], 19), [1, 3, 2, 0]);
});

test('what is compressed already has a high entropy; no level takes long for it', async () => {
  const bits = (bytes: Uint8Array): number => {
    const entropy = new Entropy();
    entropy.begin();
    entropy.add(bytes);
    return entropy.bits;
  };
  assert.equal(bits(Buffer.alloc(5000)), 0);
  assert.equal(bits(Buffer.from('abcd'.repeat(1000))), 2);
  const dense = new Entropy();
  for (let i = 0; i < 10; i++) dense.add(randomBytes(2 ** 16));
  assert.ok(dense.isDense);
  dense.begin();
  assert.equal(dense.isDense, false);
});
