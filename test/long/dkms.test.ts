/** Modules that are not the kernel's own load in the booted machine. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { execute, main } from '../cli/cli.js';
import { writeDefinition } from '../cli/tiny-modules.js';
import { FAST } from '../vm/fast.js';
import { imagesFolder } from '../vm/harness.js';

test("modules that dkms and builds made for the image's kernel load in the machine", async () => {
  const folder = mkdtempSync(join(dirname(imagesFolder()), 'modules-'));
  try {
    const own = ['--config', writeDefinition(folder), '--output', join(folder, 'out')];
    const made = await execute(process.execPath, [main, 'build', ...own]);
    assert.equal(made.code, 0, made.stderr);
    const booted = [main, 'test', ...own, '--append', FAST, '--timeout', '900', '--json'];
    const tested = await execute(process.execPath, booted);
    const verdict = JSON.parse(tested.stdout);
    assert.ok(verdict.tests, tested.stdout);
    const failed = [...verdict.checks, ...verdict.tests].filter((one: { ok: boolean }) => !one.ok);
    assert.deepEqual(failed, []);
    assert.equal(verdict.tests.length, 3);
    assert.equal(tested.code, 0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
