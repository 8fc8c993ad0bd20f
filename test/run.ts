/** Runs the compiled tests: builds the images that VM tests share once, then hands all files to node's test runner. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Form, readSelection, selectTests } from './selection.js';

const compiled = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));
const main = join(root, 'dist/src/host/main.js');
/** Images that many tests boot or read, by the form of their base; none of them may change them. */
const IMAGES: Readonly<Record<Form, string>> = {
  cpio: join(root, '.test/images'),
  erofs: join(root, '.test/erofs'),
};

/** VM tests whose outcome depends on the form: they run with both. All others boot the one that is loaded faster. */
const BOTH =
  /^vm\/(attributes|base-damaged|base-other-kernel|boot|medium-vanishes|no-room|persist|status)\.test/;

const selection = readSelection(process.argv.slice(2));
if (typeof selection === 'string') fail(selection);
const { words, form } = selection;
const files = selectTests(readdirSync(compiled, { recursive: true, encoding: 'utf8' }), selection);
if (files.length === 0) fail(`no test matches: ${words.join(' ')}`);

const machines = files.filter((path) => path.startsWith('vm/'));
const runs = machines.flatMap((path) => formsFor(path).map((format) => [path, format] as const));
if (files.some((path) => path.startsWith('cli/')) || runs.some(([, format]) => format === 'cpio')) {
  buildImages('cpio');
}
if (runs.some(([, format]) => format === 'erofs')) buildImages('erofs');

// Two virtual machines at a time: without KVM each keeps one core busy.
const runner = ['--test', '--test-concurrency=2', '--test-reporter=spec', '--test-timeout=1800000'];
const others = files.filter((path) => !path.startsWith('vm/')).map((path) => join(compiled, path));
const paths = [...others, ...onImages()].map((path) => relative(root, path));
const result = spawnSync(process.execPath, [...runner, ...paths], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
  env: { ...process.env, MKMA_TEST_IMAGES: IMAGES.cpio },
});
process.exit(result.status ?? 1);

/** The forms of a base that a VM test runs with. */
function formsFor(path: string): Form[] {
  if (form !== undefined) return [form];
  return BOTH.test(path) ? ['cpio', 'erofs'] : ['erofs'];
}

function buildImages(format: Form): void {
  const build = [main, 'build', 'console', '--format', format, '--output', IMAGES[format]];
  const built = spawnSync(process.execPath, build, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (built.status !== 0) fail('the images for the tests could not be built');
}

/** Files that run a VM test with a form: the runner gives all files one environment. */
function onImages(): string[] {
  const folder = join(compiled, 'with');
  rmSync(folder, { recursive: true, force: true });
  return runs.map(([path, format]) => {
    mkdirSync(join(folder, format), { recursive: true });
    const file = join(folder, format, basename(path));
    const images = JSON.stringify(IMAGES[format]);
    writeFileSync(file, `process.env.MKMA_TEST_IMAGES = ${images};\nawait import('../../${path}');\n`);
    return file;
  });
}

function fail(message: string): never {
  process.stderr.write(`error: ${message}\n`);
  process.exit(1);
}
