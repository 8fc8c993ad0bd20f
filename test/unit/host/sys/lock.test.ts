import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { takeLock, tryLock, waitLock } from '../../../../src/host/sys/lock.js';

const TAKEN = {
  code: 'output-folder-taken',
  what: 'another mkma works here',
  where: 'here',
  next: 'wait',
} as const;

test('one at a time: the second is told who holds it, or waits until it is let go', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mkma-lock-'));
  try {
    const file = join(folder, 'lock');
    const first = await takeLock(file, TAKEN);
    assert.ok(first.ok);
    const second = await takeLock(file, TAKEN);
    assert.ok(!second.ok);
    assert.match(second.problem.why ?? '', new RegExp(`^held by process ${process.pid} since 2`));
    const none = await tryLock(file);
    assert.deepEqual(none, { ok: true, value: undefined });
    const third = await waitLock(file, new AbortController().signal, () => first.value[Symbol.dispose]());
    assert.ok(third.ok);
    third.value[Symbol.dispose]();
    const fourth = await takeLock(file, TAKEN);
    assert.ok(fourth.ok);
    fourth.value[Symbol.dispose]();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
