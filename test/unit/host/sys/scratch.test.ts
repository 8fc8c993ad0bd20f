import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { tryLockFolder, waitLockFolder } from '../../../../src/host/sys/lock.js';
import { Interrupted } from '../../../../src/host/sys/run.js';
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

test('what only looks like a scratch folder stays, and stops nothing', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'mkma-scratch-'));
  try {
    mkdirSync(join(parent, 'scratch-mine'));
    writeFileSync(join(parent, 'scratch-1-file'), '');
    symlinkSync('scratch-mine', join(parent, 'scratch-1-link'));
    const made = await makeScratch(parent, signal);
    assert.ok(made.ok);
    made.value.remove();
    assert.deepEqual(readdirSync(parent).sort(), ['scratch-1-file', 'scratch-1-link', 'scratch-mine']);
  } finally {
    rmSync(parent, { recursive: true });
  }
});

test('a folder that goes while its lock is waited for is made again; a lock on what was removed counts for nothing', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'mkma-scratch-'));
  try {
    const folder = join(parent, 'a/b');
    using _first = await heldFolder(folder);
    const waiting = waitLockFolder(folder, signal);
    rmSync(join(parent, 'a'), { recursive: true });
    const second = await waiting;
    assert.ok(second.ok);
    using _second = second.value;
    assert.ok(existsSync(folder));
    assert.deepEqual(await tryLockFolder(folder), { ok: true, value: undefined });
  } finally {
    rmSync(parent, { recursive: true });
  }
});

test('Ctrl-C while scratch folders are looked at is Ctrl-C', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'mkma-scratch-'));
  try {
    for (const pause of [0, 1, 2]) {
      for (const name of ['a', 'b', 'c']) mkdirSync(join(parent, `scratch-1-${name}`), { recursive: true });
      const controller = new AbortController();
      setTimeout(() => controller.abort(), pause);
      await assert.rejects(makeScratch(parent, controller.signal), Interrupted);
    }
  } finally {
    rmSync(parent, { recursive: true });
  }
});

async function heldFolder(folder: string): Promise<Disposable> {
  const lock = await waitLockFolder(folder, signal);
  assert.ok(lock.ok);
  return lock.value;
}
