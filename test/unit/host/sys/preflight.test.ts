import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openFilesLimit } from '../../../../src/host/sys/open-files.js';
import { checkProcess, hasOwnUsers, missingCapabilities } from '../../../../src/host/sys/preflight.js';

test('capabilities that are missing are named, by the mask of the kernel', () => {
  const status = (mask: string) => `Name:\tnode\nCapPrm:\t0000000000000000\nCapEff:\t${mask}\nCapBnd:\t0\n`;
  assert.deepEqual(missingCapabilities(status('000001ffffffffff')), []);
  // As docker starts containers.
  assert.deepEqual(missingCapabilities(status('00000000a80425fb')), ['CAP_SYS_ADMIN']);
  assert.deepEqual(missingCapabilities(status('000001fff7ffffff')), ['CAP_MKNOD']);
  // What cannot be read is left to what follows.
  assert.deepEqual(missingCapabilities(''), []);
});

test('the limit of open files is the soft one; without one there is none', () => {
  const limits = (soft: string) =>
    `Limit   Soft Limit   Hard Limit   Units\nMax open files   ${soft}   4096   files\n`;
  assert.equal(openFilesLimit(limits('1024')), 1024);
  assert.equal(openFilesLimit(limits('unlimited')), undefined);
});

test('users of a name space of its own are seen by their map', () => {
  assert.ok(!hasOwnUsers('         0          0 4294967295\n'));
  assert.ok(hasOwnUsers('         0       1000          1\n         1     100000      65536\n'));
  assert.ok(hasOwnUsers('         0     100000      65536\n'));
  assert.ok(hasOwnUsers(''));
});

test('a rootless container is refused as one, not for the capabilities that it lacks as well', () => {
  const proc = mkdtempSync(join(tmpdir(), 'mkma-proc-'));
  try {
    writeFileSync(join(proc, 'status'), 'CapEff:\t00000000800405fb\n');
    const codeIn = (map: string): string | undefined => {
      writeFileSync(join(proc, 'uid_map'), map);
      const checked = checkProcess(proc);
      return checked.ok ? undefined : checked.problem.code;
    };
    assert.equal(codeIn('0 1000 1\n1 100000 65536\n'), 'user-namespace');
    assert.equal(codeIn('0 0 4294967295\n'), 'capabilities-missing');
  } finally {
    rmSync(proc, { recursive: true });
  }
});
