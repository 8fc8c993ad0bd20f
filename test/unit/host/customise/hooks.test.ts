/** What is reported of a hook that fails. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runHooks } from '../../../../src/host/customise/hooks.js';
import type { MachineConfig } from '../../../../src/host/definition/machine.js';

/** The problem of a function that throws this. */
async function problemOf(cause: unknown) {
  const root = mkdtempSync(join(tmpdir(), 'mkma-hooks-'));
  try {
    const run = async (): Promise<void> => {
      throw cause;
    };
    const machine = { hooks: [{ at: 'images', on: 'host', run }] } as unknown as MachineConfig;
    const context = { emit: () => undefined, signal: new AbortController().signal };
    const done = await runHooks('images', machine, { root, output: root, kernel: '6.12' }, context);
    assert.ok(!done.ok);
    return done.problem;
  } finally {
    rmSync(root, { recursive: true });
  }
}

test('a function that throws: its error is the cause, the field is named', async () => {
  const { code, where, why } = await problemOf(new RangeError('too far'));
  assert.deepEqual([code, where, why], ['hook-failed', 'hooks[0]', 'RangeError: too far']);
});

test('a function that finds the disk full: the cause is kept, and the remedy is about space', async () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  const { code, where, why, next } = await problemOf(full);
  assert.deepEqual([code, where], ['no-space', 'hooks[0]']);
  assert.match(why ?? '', /ENOSPC: no space left/);
  assert.match(next ?? '', /^free some space/);
});
