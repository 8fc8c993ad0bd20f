/** Packages and accounts of layers, wherever they are applied: random rounds, checked by dpkg and by the owners of files. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { repository, temporary } from './cli.js';
import { sharedImages } from './images.js';

const ROUNDS = Number(process.env.MKMA_TEST_ROUNDS ?? (process.env.MKMA_TEST_LONG === '1' ? 300 : 30));

test(`${ROUNDS} snapshots of packages and users, on bases and layers that change: all are whole, dpkg has no complaint`, {
  timeout: 1_500_000,
}, () => {
  using folder = temporary();
  const scratch = join(folder.path, 'machine');
  mkdirSync(scratch);
  // By chance in the long suite: what that finds becomes a test of its own.
  const chosen = process.env.MKMA_TEST_LONG === '1' ? Date.now() % 2 ** 31 : 604;
  const seed = Number(process.env.MKMA_TEST_SEED ?? chosen);
  const program = fileURLToPath(new URL('packages/rounds.js', import.meta.url));
  const words = [program, sharedImages(), join(repository, 'dist'), scratch, String(seed), String(ROUNDS)];
  const own = ['--mount', '--propagation', 'private', process.execPath, ...words];
  const ended = spawnSync('unshare', own, { encoding: 'utf8' });
  assert.equal(ended.status, 0, `MKMA_TEST_SEED=${seed}\n${ended.stdout}${ended.stderr}`);
});
