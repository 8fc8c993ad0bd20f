import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { err, ok } from '../../../../src/core/result.js';
import { describeTests, writeJUnit } from '../../../../src/host/cli/test-report.js';
import type { TestResult } from '../../../../src/host/verbs/check-machine.js';

const RESULT: TestResult = {
  passed: false,
  checks: [
    { name: 'root is an overlay', ok: true, detail: '/ is overlay' },
    { name: 'no failed unit', ok: true, detail: '' },
  ],
  tests: [
    { name: 'web', ok: true, seconds: 1.23 },
    {
      name: 'disk',
      ok: false,
      seconds: 2,
      detail: 'df: exit code 1\nno such disk',
      where: 'mkma.config.ts:7',
    },
  ],
  seconds: 41.4,
  accel: 'kvm',
  console: 'out/console.log',
};

function lines(result: TestResult): readonly string[] {
  const done = describeTests(ok(result));
  assert.ok(done.ok);
  return done.value.lines;
}

test('checks, tests and the verdict as lines', () => {
  assert.deepEqual(lines(RESULT), [
    'ok      root is an overlay: / is overlay',
    'ok      no failed unit',
    'ok      web (1.2 s)',
    'NOT OK  disk: df: exit code 1',
    '        no such disk',
    '        at mkma.config.ts:7',
    '',
    'FAILED: 1 of 2 tests; console: out/console.log (41 s, kvm)',
  ]);
  const passed = { ...RESULT, passed: true, tests: RESULT.tests.slice(0, 1) };
  assert.equal(lines(passed).at(-1), 'passed: 2 checks, 1 test (41 s, kvm)');
  assert.equal(lines({ ...passed, tests: [] }).at(-1), 'passed: 2 checks (41 s, kvm)');
});

test('JUnit gets checks and tests; where nothing booted, why', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mkma-junit-'));
  try {
    const file = join(folder, 'results.xml');
    writeJUnit(file, ok(RESULT), undefined);
    const xml = readFileSync(file, 'utf8');
    assert.match(xml, /<testsuite name="checks" tests="2" failures="0"/);
    assert.match(xml, /<testsuite name="tests" tests="2" failures="1"/);
    assert.match(xml, /<failure message="df: exit code 1">mkma.config.ts:7\ndf: exit code 1\nno such disk</);
    writeJUnit(
      file,
      err({ code: 'boot-failed', what: 'the image did not boot', where: 'panic', why: 'no init' }),
      undefined,
    );
    assert.match(
      readFileSync(file, 'utf8'),
      /<testcase name="boot".*<failure message="the image did not boot: panic \[boot-failed\]">.*why: no init/s,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
