import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BootTimes } from '../../src/core/boot/record.js';
import { imagesFolder, mkma } from '../vm/harness.js';

/** Only what is relied on here; the checks themselves are made inside the machine. */
interface Verdict {
  passed: boolean;
  checks: { name: string; ok: boolean; detail: string }[];
  loginSeconds: number;
  boot: BootTimes;
}

test('mkma test passes on the untouched images', async () => {
  const { output, stderr, exitCode } = await mkma('test', '--json', '--output', imagesFolder());
  assert.equal(exitCode, 0, `${stderr}\n${output}`);
  const verdict = findVerdict(JSON.parse(output) as unknown);
  assert.equal(verdict.passed, true);
  assert.deepEqual(
    verdict.checks.filter((check) => !check.ok),
    [],
  );
  const names = verdict.checks.map((check) => check.name);
  for (const name of ['system is running', 'storage released', 'root is an overlay', 'clean power off']) {
    assert.ok(names.includes(name), `no check named "${name}" among: ${names.join(', ')}`);
  }
  assert.ok(verdict.loginSeconds > 0);
  const { init, phases, handover } = verdict.boot;
  assert.deepEqual(
    phases.map(({ phase }) => phase),
    ['mount', 'load', 'layers'],
  );
  assert.ok(init > 0 && handover > init && phases.every(({ start }) => start >= init && start < handover));
  assert.ok(phases.every(({ steps = [] }) => steps.length > 1));
});

/** The verdict, whether it is the whole answer or its `result`. */
function findVerdict(answer: unknown): Verdict {
  const outer = answer as { result?: Verdict } & Verdict;
  return outer.result ?? outer;
}
