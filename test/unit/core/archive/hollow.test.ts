/** Files without content in an archive, as bsdtar and GNU tar unpack them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type HollowFile, hollowArchive } from '../../../../src/core/archive/hollow.js';

const FILES: readonly HollowFile[] = [
  { path: 'plain', mode: 0o640, uid: 1, gid: 2, mtime: 981173106, size: 5_000_000 },
  {
    path: `${'long/'.repeat(20)}${'x'.repeat(150)}`,
    mode: 0o4755,
    uid: 3_000_000_000,
    gid: 4,
    mtime: 0,
    size: 1,
  },
  { path: 'h\u00fcte\u20ac', mode: 0o600, uid: 5, gid: 6, mtime: 4_294_967_295, size: 2 ** 33 },
];

for (const program of ['bsdtar', 'tar']) {
  test(`${program} makes each with its size, and nothing but a hole`, (t) => {
    if (spawnSync(program, ['--version']).error !== undefined) return t.skip(`${program} is not installed`);
    const folder = mkdtempSync(join(tmpdir(), 'mkma-hollow-'));
    try {
      const input = hollowArchive(FILES);
      const unpacked = spawnSync(program, ['-x', '-f', '-', '-C', folder], {
        input,
        env: { ...process.env, LC_ALL: 'C' },
      });
      assert.equal(unpacked.status, 0, String(unpacked.stderr));
      for (const { path, mode, mtime, size } of FILES) {
        const stat = statSync(join(folder, path));
        assert.deepEqual([stat.size, stat.blocks, stat.mtimeMs / 1000], [size, 0, mtime], path);
        assert.equal(stat.mode & 0o777, mode & 0o777 & ~process.umask(), path);
      }
      assert.deepEqual(readFileSync(join(folder, 'plain')), Buffer.alloc(5_000_000));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

test('owners of any number are in the header', () => {
  const input = hollowArchive(FILES);
  const listed = spawnSync('tar', ['-t', '-v', '--numeric-owner', '-f', '-'], { input, encoding: 'utf8' });
  assert.match(listed.stdout, /^-rw-r----- 1\/2 +5000000 /m);
  assert.match(listed.stdout, /^-rwsr-xr-x 3000000000\/4 +1 /m);
  assert.match(listed.stdout, / 5\/6 +8589934592 /);
});
