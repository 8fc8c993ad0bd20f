/** Runs the compiled tests: builds the images that tests share once, then hands all files to node's test runner. */
import { spawnSync } from 'node:child_process';
import {
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { needsOf } from './needs.js';
import { refusal } from './preflight.js';
import {
  type Form,
  formsFor,
  isLong,
  isQuick,
  readSelection,
  selectTests,
  sharesProcess,
} from './selection.js';

const compiled = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));
const main = join(root, 'dist/host/main.js');
/** Images that many tests boot or read, by the form of their base; none of them may change them. */
const IMAGES: Readonly<Record<Form, string>> = {
  cpio: join(root, '.test/images'),
  erofs: join(root, '.test/erofs'),
};

/** Bytes of RAM for each file that runs: a machine of 2 GiB, or the trees of a build. A host of 8 GiB runs two. */
const RAM = 3 * 2 ** 30;

/** Milliseconds after which a file is given up. A desktop's tests take half of it where two machines run without KVM. */
const LIMIT_MS = 3_600_000;

/** Programs that the quick tests are put into. */
const BUNDLES = 6;
/** The user and group that own nothing (base-passwd of Debian). */
const NOBODY = 65534;

const selection = readSelection(process.argv.slice(2));
if (typeof selection === 'string') fail(selection);
const { words, all } = selection;
const present = readdirSync(compiled, { recursive: true, encoding: 'utf8' });
const files = selectTests(present, selection);
if (files.length === 0) fail(`no test matches: ${words.join(' ')}`);

const needs = new Map(files.filter((path) => !isQuick(path)).map((path) => [path, needsOf(compiled, path)]));
const machines = files.filter((path) => needs.get(path)?.has('machines'));
const runs = machines.flatMap((path) => formsFor(path, selection).map((format) => [path, format] as const));
const formats = new Set(runs.map(([, format]) => format));
if (files.some((path) => needs.get(path)?.has('images'))) formats.add('cpio');
checkHost();
makeFolder(join(root, '.test'));
for (const format of formats) buildImages(format);

// Without KVM each virtual machine keeps one core busy. A file more than processors was measured to gain nothing.
const atOnce = Math.max(1, Math.min(availableParallelism(), Math.floor(totalmem() / RAM)));
const runner = ['--test', `--test-concurrency=${atOnce}`, `--test-reporter=${join(compiled, 'reporter.js')}`];
const result = spawnSync(process.execPath, [...runner, `--test-timeout=${LIMIT_MS}`, ...programs()], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
  env: { ...process.env, MKMA_TEST_IMAGES: IMAGES.cpio, ...(all ? { MKMA_TEST_LONG: '1' } : {}) },
});
process.exit(result.status ?? 1);

/**
 * The programs that node's runner starts, which takes them by their names' order: what boots machines first, since it takes longest, one
 * for each form of the base; and of the many that take no time several in one, since starting is what takes theirs.
 */
function programs(): string[] {
  const quick = files.filter(
    (path) => isQuick(path) && sharesProcess(readFileSync(join(compiled, path), 'utf8')),
  );
  const bundles = Array.from({ length: Math.min(BUNDLES, quick.length) }, (_, i) =>
    quick.filter((_path, at) => at % BUNDLES === i),
  );
  const others = files.filter((path) => !quick.includes(path) && !needs.get(path)?.has('machines'));
  const list: { readonly name: string; readonly paths: readonly string[]; readonly format?: Form }[] = [
    ...runs.map(([path, format]) => ({ name: `${basename(path)}`, paths: [path], format })),
    ...others.map((path) => ({ name: basename(path), paths: [path] })),
    ...bundles.map((paths, i) => ({ name: `quick-${i}.js`, paths })),
  ];
  const ordinary = asOrdinaryUser();
  const folder = join(compiled, 'with');
  rmSync(folder, { recursive: true, force: true });
  makeFolder(folder);
  return list.map(({ name, paths, format }, i) => {
    const file = join(
      folder,
      `${String(i).padStart(3, '0')}-${format === undefined ? '' : `${format}-`}${name}`,
    );
    const images =
      format === undefined ? '' : `process.env.MKMA_TEST_IMAGES = ${JSON.stringify(IMAGES[format])};\n`;
    const user = paths.every(isQuick) ? ordinary : '';
    writeFileSync(file, user + images + paths.map((path) => `await import('../${path}');\n`).join(''));
    return relative(root, file);
  });
}

/**
 * Code by which root's quick tests run as somebody else, so that none comes to need root: as the owner of the checkout; where root
 * owns it, as nobody, if nobody can read it.
 */
function asOrdinaryUser(): string {
  if (process.getuid?.() !== 0) return '';
  const owner = statSync(root);
  const [uid, gid] = owner.uid === 0 ? [NOBODY, NOBODY] : [owner.uid, owner.gid];
  const reads = 'fs.readFileSync(process.argv[1]); fs.accessSync(os.tmpdir(), fs.constants.W_OK)';
  const tried = spawnSync(process.execPath, ['-e', reads, fileURLToPath(import.meta.url)], { uid, gid });
  if (tried.status === 0) return `process.setgroups([]);\nprocess.setgid(${gid});\nprocess.setuid(${uid});\n`;
  note(
    'unit and contract tests run as root: another user cannot read this folder, or not write temporary files',
  );
  return '';
}

/** A folder of whoever owns the checkout: what `sudo ./test/run` makes must not be in the way of a later `npm test`. */
function makeFolder(path: string): void {
  mkdirSync(path, { recursive: true });
  const { uid, gid } = statSync(root);
  if (process.getuid?.() === 0) chownSync(path, uid, gid);
}

/** What is missing is said before anything starts. */
function checkHost(): void {
  const kinds = [...new Set(files.map((path) => path.split('/')[0] ?? ''))];
  const { bavail, bsize } = statfsSync(root);
  const refused = refusal(
    { kinds, all },
    {
      root: process.getuid?.() === 0,
      freeBytes: bavail * bsize,
      qemu: spawnSync('qemu-system-x86_64', ['--version']).error === undefined,
    },
  );
  if (refused !== undefined) fail(refused);
  const long = present.filter((path) => path.endsWith('.test.js') && isLong(path)).length;
  if (words.length === 0 && !all)
    note(`not in this run: ${long} files of test/long, and long rounds (--all)`);
}

function buildImages(format: Form): void {
  note(`images: console as ${format}`);
  const build = [main, 'build', 'console', '--format', format, '--output', IMAGES[format]];
  const built = spawnSync(process.execPath, build, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (built.status !== 0) fail('the images for the tests could not be built');
}

function note(message: string): void {
  process.stderr.write(`${message}\n`);
}

function fail(message: string): never {
  note(`error: ${message}`);
  process.exit(1);
}
