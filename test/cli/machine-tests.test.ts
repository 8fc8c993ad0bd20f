/** What `mkma test` refuses before it boots anything. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { mkma, temporary } from './cli.js';

const DEFINITION = `import { defineMachine } from 'mkma';
export default defineMachine({
  tests: [
    { name: 'web answers', run: () => undefined },
    { name: 'disk is there', run: () => undefined },
  ],
});
`;

test('a test that the definition does not have', async () => {
  using folder = temporary();
  writeFileSync(join(folder.path, 'mkma.config.ts'), DEFINITION);
  const junit = join(folder.path, 'results.xml');
  // The definition of the folder is taken, as a build does.
  const got = await mkma(['test', '--test', 'wbe', '--junit', junit], { cwd: folder.path });
  assert.equal(
    got.stderr,
    'error: no such test: --test wbe [no-such-test]\n  next: the tests are: web answers, disk is there\n',
  );
  assert.equal(got.code, 2);
  assert.ok(!existsSync(junit));
});

test('--test without a definition that has tests', async () => {
  using folder = temporary();
  const got = await mkma(['test', '--test', 'web'], { cwd: folder.path });
  assert.equal(
    got.stderr,
    'error: no such test: --test web [no-such-test]\n  why: the definition has no tests\n  next: omit --test, or name the definition that has tests with --config\n',
  );
  assert.equal(got.code, 2);
});

test('a faulty test is told by its line', async () => {
  using folder = temporary();
  writeFileSync(
    join(folder.path, 'mkma.config.ts'),
    DEFINITION.replace('run: () => undefined },\n  ]', "run: 'true' },\n  ]"),
  );
  const got = await mkma(['test'], { cwd: folder.path });
  assert.equal(
    got.stderr,
    'error: tests[1].run is "true": it must be a function: mkma.config.ts:5 [value-invalid]\n  next: correct it and try again\n',
  );
  assert.equal(got.code, 2);
});

test('results for a folder that is not there; results of images that are not there', async () => {
  using folder = temporary();
  const nowhere = join(folder.path, 'nowhere');
  const refused = await mkma(['test', '--junit', join(nowhere, 'results.xml')], { cwd: folder.path });
  assert.equal(
    refused.stderr,
    `error: no such folder: --junit ${nowhere}/results.xml [no-such-folder]\n  next: create it first: mkdir -p ${nowhere}\n`,
  );
  assert.equal(refused.code, 2);
  const junit = join(folder.path, 'results.xml');
  const got = await mkma(['test', '--junit', junit, '--output', nowhere], { cwd: folder.path });
  assert.equal(got.code, 1);
  assert.ok(existsSync(junit));
});
