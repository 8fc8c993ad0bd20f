/** The results of `mkma test`, as lines for people and as JUnit XML. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { err, ok, type Problem, type Result, renderProblem, usage } from '../../core/result.js';
import type { TestOutcome } from '../machine-tests/given.js';
import { type JUnitSuite, renderJUnit } from '../report/junit.js';
import { formatSeconds } from '../report/text.js';
import { type Owner, writeFileWhole } from '../sys/files.js';
import type { TestResult } from '../verbs/check-machine.js';

/** The result with its lines. */
export function describeTests(done: Result<TestResult>): Result<TestResult & { lines: string[] }> {
  if (!done.ok) return err(done.problem);
  const { checks, tests, passed, seconds, accel, console } = done.value;
  const lines = checks.map(({ ok, name, detail }) => `${mark(ok)}  ${name}${detail ? `: ${detail}` : ''}`);
  const all = [counted(checks, 'check'), ...(tests.length > 0 ? [counted(tests, 'test')] : [])];
  const failed = all.filter(({ failed }) => failed > 0).map(({ failed, text }) => `${failed} of ${text}`);
  const verdict = passed
    ? `passed: ${all.map(({ text }) => text).join(', ')}`
    : `FAILED: ${failed.join(', ')}; console: ${console}`;
  return ok({
    ...done.value,
    lines: [
      ...lines,
      ...tests.flatMap(testLines),
      '',
      ...bootLine(done.value),
      `${verdict} (${Math.round(seconds)} s, ${accel})`,
    ],
  });
}

function mark(passed: boolean): string {
  return passed ? 'ok    ' : 'NOT OK';
}

function counted(all: readonly { readonly ok: boolean }[], what: string) {
  const text = `${all.length} ${what}${all.length === 1 ? '' : 's'}`;
  return { text, failed: all.filter((one) => !one.ok).length };
}

/** A test on one line, and its details if it failed. */
function testLines({ name, ok, seconds, detail = '', where, picture }: TestOutcome): string[] {
  if (ok) return [`${mark(ok)}  ${name} (${formatSeconds(seconds)})`];
  const [first = '', ...more] = detail.split('\n');
  const rest = [
    ...more,
    ...(picture === undefined ? [] : [`screenshot: ${picture}`]),
    ...(where === undefined ? [] : [`at ${where}`]),
  ];
  return [`${mark(ok)}  ${name}: ${first}`, ...rest.map((line) => `        ${line}`)];
}

/** The phases of the boot on one line. */
function bootLine({ boot, loginSeconds }: TestResult): string[] {
  if (boot === undefined) return [];
  const parts = [
    { phase: 'kernel', seconds: boot.init },
    ...boot.phases,
    { phase: 'handover after', seconds: boot.handover },
    ...(loginSeconds === undefined ? [] : [{ phase: 'login after', seconds: loginSeconds }]),
  ];
  return [`boot: ${parts.map(({ phase, seconds }) => `${phase} ${seconds.toFixed(1)} s`).join(', ')}`];
}

/** Whether a file for JUnit XML can be created; checked before the machine boots. */
export function checkJUnit(file: string | undefined): Result<void> {
  if (file === undefined || existsSync(dirname(file))) return ok();
  return usage({
    code: 'no-such-folder',
    what: 'no such folder',
    where: `--junit ${file}`,
    next: `create it first: mkdir -p ${dirname(file)}`,
  });
}

/** Write the results, or why there are none, as JUnit XML. */
export function writeJUnit(file: string, done: Result<TestResult>, owner: Owner | undefined): void {
  writeFileWhole(file, renderJUnit(done.ok ? suitesOf(done.value) : [notBooted(done.problem)]), owner);
}

function suitesOf({ checks, tests }: TestResult): JUnitSuite[] {
  return [
    {
      name: 'checks',
      cases: checks.map(({ name, ok, detail }) => ({ name, failure: ok ? undefined : detail || 'failed' })),
    },
    {
      name: 'tests',
      cases: tests.map(({ name, ok, seconds, detail = '', where }) => ({
        name,
        seconds,
        ...(ok ? {} : { failure: detail, where }),
      })),
    },
  ];
}

function notBooted(problem: Problem): JUnitSuite {
  return { name: 'checks', cases: [{ name: 'boot', failure: renderProblem(problem).join('\n') }] };
}
