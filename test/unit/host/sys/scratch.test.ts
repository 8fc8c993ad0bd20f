import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeScratch } from '../../../../src/host/sys/scratch.js';

const { signal } = new AbortController();

test('what a killed run left is removed, also where another process has its number by now; what is in use stays', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'mkma-scratch-'));
  try {
    // This process is there, and did not make it.
    const left = join(parent, `scratch-${process.pid}-abcdef`);
    mkdirSync(join(left, 'deep'), { recursive: true });
    const first = await makeScratch(parent, signal);
    assert.ok(first.ok);
    assert.ok(!existsSync(left));
    // Several at once, as builds that share a cache.
    const more = await Promise.all([1, 2, 3].map(() => makeScratch(parent, signal)));
    assert.equal(readdirSync(parent).length, 4);
    assert.ok(existsSync(first.value.path));
    for (const one of [first, ...more]) {
      assert.ok(one.ok);
      one.value.remove();
    }
    assert.deepEqual(readdirSync(parent), []);
  } finally {
    rmSync(parent, { recursive: true });
  }
});
