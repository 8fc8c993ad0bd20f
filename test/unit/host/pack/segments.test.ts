/** Frames by the real zstd. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { compressSegments } from '../../../../src/host/pack/segments.js';

test('frames come in the order of the archive, whichever is done first', async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'mkma-segments-'));
  try {
    // The first takes longest by far.
    const segments = [randomBytes(12 * 2 ** 20), ...[1, 2, 3, 4, 5].map((n) => Buffer.from(`segment ${n}`))];
    const frames: number[] = [];
    await compressSegments(
      segments.map((bytes) => [bytes]),
      {
        ...{ level: 12, processors: 2, scratch },
        onFrame: ({ segment, path, bytes }) => {
          frames.push(segment);
          assert.equal(bytes, segments[segment]?.length);
          const content = execFileSync('zstd', ['-dcq', path], { maxBuffer: 2 ** 26 });
          assert.ok(content.equals(segments[segment] as Buffer));
          rmSync(path);
        },
      },
    );
    assert.deepEqual(frames, [0, 1, 2, 3, 4, 5]);
  } finally {
    rmSync(scratch, { recursive: true });
  }
});
