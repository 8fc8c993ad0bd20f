/** Runs the compiled tests: builds the images that VM tests share once, then hands all files to node's test runner. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const compiled = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));
const main = join(root, 'dist/src/host/main.js');
/** Images that many tests boot or read, by the form of their base; none of them may change them. */
const IMAGES = { cpio: join(root, '.test/images'), erofs: join(root, '.test/erofs') } as const;
type Format = keyof typeof IMAGES;

/** VM tests whose outcome depends on the form: they run with both. All others boot the one that is loaded faster. */
const BOTH =
  /^vm\/(attributes|base-damaged|base-other-kernel|boot|medium-vanishes|no-room|persist|status)\.test/;

// Words that tests' paths hold; cpio or erofs: VM tests with that form alone.
const words = process.argv.slice(2);
const form = words.find((word): word is Format => Object.hasOwn(IMAGES, word));
const wanted = words.filter((word) => word !== form);
const files = readdirSync(compiled, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.test.js') && !path.startsWith('with/'))
  .filter((path) => wanted.length === 0 || wanted.some((word) => path.includes(word)))
  .sort();
if (files.length === 0) fail(`no test matches: ${wanted.join(' ')}`);

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
function formsFor(path: string): Format[] {
  if (form !== undefined) return [form];
  return BOTH.test(path) ? ['cpio', 'erofs'] : ['erofs'];
}

function buildImages(format: Format): void {
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
