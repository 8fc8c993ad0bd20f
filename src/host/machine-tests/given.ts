/** The tests that a run is given, and what came of them. */

import { ok, type Result, usage } from '../../core/result.js';
import type { TestFunction } from '../definition/functions.js';

/** A test of the definition. */
export interface GivenTest {
  readonly name: string;
  readonly run: TestFunction;
  /** Seconds until it counts as failed. */
  readonly timeout: number;
  /** Where the definition says it. */
  readonly where: string;
}

/** What came of a test. */
export interface TestOutcome {
  readonly name: string;
  readonly ok: boolean;
  readonly seconds: number;
  /** Why it failed. */
  readonly detail?: string;
  /** Where in the definition it failed: file and line. */
  readonly where?: string;
  /** The file with a picture of the screen when it failed. */
  readonly picture?: string;
}

/** Those whose name holds one of the words; all where there are no words. A usage Problem where a word finds none. */
export function chooseTests(
  tests: readonly GivenTest[],
  words: readonly string[] = [],
): Result<readonly GivenTest[]> {
  if (words.length === 0) return ok(tests);
  const unknown = words.find((word) => !tests.some(({ name }) => name.includes(word)));
  if (unknown === undefined) return ok(tests.filter(({ name }) => words.some((word) => name.includes(word))));
  return usage({
    code: 'no-such-test',
    what: 'there is no test of this name',
    where: `--test ${unknown}`,
    ...(tests.length === 0 ? { why: 'the definition has no tests' } : {}),
    next:
      tests.length === 0
        ? 'leave out --test, or name the definition that has the tests with --config'
        : `the tests are: ${tests.map(({ name }) => name).join(', ')}`,
  });
}
