/** The script that keeps swap with a key of each boot from what a device holds, by what blkid(8) may find. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const GUARD = fileURLToPath(new URL('../../../../../presets/disks/swap-guard', import.meta.url));
/** What blkid prints of every partition, whatever it holds. */
const ENTRY = 'DEVNAME=/dev/vda3\nPART_ENTRY_SCHEME=gpt\nPART_ENTRY_NUMBER=3\n';

/** What the guard says of a device; nothing: it may become swap. */
function refusal(folder: string, found: string, code: number): string {
  const blkid = `#!/bin/sh\nprintf '%s' '${found}'\nexit ${code}\n`;
  writeFileSync(join(folder, 'blkid'), blkid, { mode: 0o755 });
  const env = { PATH: `${folder}:${process.env.PATH}` };
  const { status, stderr } = spawnSync('sh', [GUARD, '/dev/vda3'], { env, encoding: 'utf8' });
  assert.equal(status, stderr === '' ? 0 : 1);
  return stderr;
}

test('a device that is empty or holds swap becomes swap; one with anything else does not', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mkma-guard-'));
  try {
    assert.equal(refusal(folder, '', 2), '');
    assert.equal(refusal(folder, ENTRY, 0), '');
    assert.equal(refusal(folder, `${ENTRY}TYPE=swap\n`, 0), '');
    assert.match(refusal(folder, `${ENTRY}TYPE=ext4\n`, 0), /contains ext4/);
    assert.match(refusal(folder, 'PTTYPE=gpt\n', 0), /contains gpt/);
    assert.match(refusal(folder, '', 8), /contains several file systems/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
