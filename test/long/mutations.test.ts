import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { repository } from '../cli/cli.js';
import { sharedImages } from '../cli/images.js';

test('whatever is broken on purpose is noticed by a test of the short suite (test/mutate)', (t) => {
  const program = join(repository, 'dist/test/mutations/run.js');
  const env = { ...process.env, MKMA_TEST_IMAGES: sharedImages() };
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8', env });
  t.diagnostic(stdout);
  assert.equal(status, 0, stdout + stderr);
});
