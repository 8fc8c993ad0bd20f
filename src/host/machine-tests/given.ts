/** The tests of a run and their results. */

import { ok, type Result, usage } from '../../core/result.js';
import type { TestFunction } from '../definition/functions.js';

/** A test of the definition. */
export interface GivenTest {
  readonly name: string;
  readonly run: TestFunction;
  /** Seconds until it counts as failed. */
  readonly timeout: number;
  /** Its place in the definition. */
  readonly where: string;
}

/** The result of a test. */
export interface TestOutcome {
  readonly name: string;
  readonly ok: boolean;
  readonly seconds: number;
  /** Why it failed. */
  readonly detail?: string;
  /** Where it failed in the definition: file and line. */
  readonly where?: string;
  /** A picture of the screen when it failed. */
  readonly picture?: string;
}

/** Those whose name contains one of the words; all without words. A usage Problem if a word matches none. */
export function chooseTests(
  tests: readonly GivenTest[],
  words: readonly string[] = [],
): Result<readonly GivenTest[]> {
  if (words.length === 0) return ok(tests);
  const unknown = words.find((word) => !tests.some(({ name }) => name.includes(word)));
  if (unknown === undefined) return ok(tests.filter(({ name }) => words.some((word) => name.includes(word))));
  return usage({
    code: 'no-such-test',
    what: 'no such test',
    where: `--test ${unknown}`,
    ...(tests.length === 0 ? { why: 'the definition has no tests' } : {}),
    next:
      tests.length === 0
        ? 'omit --test, or name the definition that has tests with --config'
        : `the tests are: ${tests.map(({ name }) => name).join(', ')}`,
  });
}
