/** An example, built and tested as whoever takes it would: by its own machine tests, in the booted machine. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execute, main } from '../cli/cli.js';
import { FAST } from './fast.js';

const EXAMPLES = fileURLToPath(new URL('../../../examples', import.meta.url));

/** Only what is relied on here. */
interface Verdict {
  readonly passed: boolean;
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[];
  readonly tests: readonly { readonly name: string; readonly ok: boolean; readonly detail?: string }[];
}

/** Build and test it; its machine tests are those. It stays compressed in RAM: that is loaded faster, and so tested sooner. */
export function tryExample(name: string, tests: readonly string[]): Promise<Verdict> {
  return tryDefinition(join(EXAMPLES, name, 'mkma.config.ts'), `example-${name}`, tests);
}

/** As {@link tryExample}, for the definition in a file. `name`: of the folder of its images. */
export async function tryDefinition(
  config: string,
  name: string,
  tests: readonly string[],
): Promise<Verdict> {
  const built = process.env.MKMA_TEST_IMAGES ?? '';
  assert.ok(built);
  const output = mkdtempSync(join(dirname(built), `${name}-`));
  try {
    const own = ['--config', config, '--output', output];
    const made = await execute(process.execPath, [main, 'build', ...own, '--format', 'erofs']);
    assert.equal(made.code, 0, made.stderr);
    // As all machines of the tests are booted (harness.ts).
    const booted = [main, 'test', ...own, '--append', FAST, '--timeout', '900', '--json'];
    const tested = await execute(process.execPath, booted);
    const verdict = JSON.parse(tested.stdout) as Partial<Verdict>;
    // Without any it is a problem, or a fault, that is told there.
    assert.ok(verdict.checks && verdict.tests, tested.stdout);
    assert.deepEqual(
      [...verdict.checks, ...verdict.tests].filter((one) => !one.ok),
      [],
    );
    assert.deepEqual(
      verdict.tests.map((one) => one.name),
      tests,
    );
    assert.ok(verdict.passed);
    assert.equal(tested.code, 0);
    return verdict as Verdict;
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
}
