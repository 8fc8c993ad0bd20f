import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { repository } from '../cli/cli.js';

/** What test/nodes ends with where npm's registry does not answer. */
const NOT_FETCHED = 3;

test('unit and contract tests pass on the oldest Node.js and those after it (test/nodes)', (t) => {
  const { status, stdout, stderr } = spawnSync(join(repository, 'test/nodes'), { encoding: 'utf8' });
  if (status === NOT_FETCHED) {
    t.skip(stderr.trim().split('\n').at(-1) ?? '');
    return;
  }
  assert.equal(status, 0, stdout + stderr);
  for (const line of stderr.trim().split('\n')) t.diagnostic(line);
  t.diagnostic(stdout.trim().split('\n').at(-1) ?? '');
});
