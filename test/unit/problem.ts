/** What tests ask of a problem: its code. The wording of each is asserted in one place, not wherever it may occur. */
import assert from 'node:assert/strict';
import type { Problem, Result } from '../../src/core/result.js';

/** The problem that a result is, with the code that it has to have. */
export function problemOf<T>(result: Result<T>, code: string): Problem {
  assert.ok(!result.ok, `expected a problem ${code}, got ${JSON.stringify(result)}`);
  assert.equal(result.problem.code, code, JSON.stringify(result.problem));
  return result.problem;
}
