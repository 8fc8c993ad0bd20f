import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openFilesLimit } from '../../../../src/host/sys/open-files.js';
import { checkProcess, missingCapabilities } from '../../../../src/host/sys/preflight.js';

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

test('in a user namespace a build needs ids up to that of nobody, and no device nodes', () => {
  const proc = mkdtempSync(join(tmpdir(), 'mkma-proc-'));
  try {
    const codeIn = (map: string, mask: string): string | undefined => {
      writeFileSync(join(proc, 'status'), `CapEff:\t${mask}\n`);
      for (const file of ['uid_map', 'gid_map']) writeFileSync(join(proc, file), map);
      const checked = checkProcess(proc);
      return checked.ok ? undefined : checked.problem.code;
    };
    const [all, withoutMknod, ofDocker] = ['000001ffffffffff', '000001fff7ffffff', '00000000a80425fb'];
    const [first, users] = ['0 0 4294967295\n', '0 1000 1\n1 100000 65536\n'];
    assert.equal(codeIn(users, all), undefined);
    assert.equal(codeIn(users, withoutMknod), undefined);
    assert.equal(codeIn(users, ofDocker), 'capabilities-missing');
    assert.equal(codeIn('0 1000 1\n1 100000 1000\n', ofDocker), 'user-namespace');
    assert.equal(codeIn('0 1000 1\n', all), 'user-namespace');
    assert.equal(codeIn(first, all), undefined);
    assert.equal(codeIn(first, withoutMknod), 'capabilities-missing');
  } finally {
    rmSync(proc, { recursive: true });
  }
});
