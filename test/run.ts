/** Runs the compiled tests: builds the images that VM tests share once, then hands all files to node's test runner. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const compiled = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));
const main = join(root, 'dist/src/host/main.js');
/** Images that many tests boot or read; none of them may change them. */
const images = join(root, '.test/images');

const wanted = process.argv.slice(2);
const files = readdirSync(compiled, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.test.js'))
  .filter((path) => wanted.length === 0 || wanted.some((word) => path.includes(word)))
  .sort();
if (files.length === 0) fail(`no test matches: ${wanted.join(' ')}`);

if (files.some((path) => /^(vm|cli)\//.test(path))) {
  const build = [main, 'build', 'console', '--output', images];
  const built = spawnSync(process.execPath, build, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (built.status !== 0) fail('the images for the tests could not be built');
}

// Two virtual machines at a time: without KVM each keeps one core busy.
const runner = ['--test', '--test-concurrency=2', '--test-reporter=spec', '--test-timeout=1800000'];
const paths = files.map((path) => relative(root, join(compiled, path)));
const result = spawnSync(process.execPath, [...runner, ...paths], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
  env: { ...process.env, MKMA_TEST_IMAGES: images },
});
process.exit(result.status ?? 1);

function fail(message: string): never {
  process.stderr.write(`error: ${message}\n`);
  process.exit(1);
}
