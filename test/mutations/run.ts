/**
 * What test/mutate runs: each mutation in a private copy of the repository, compiled, with the tests that are to notice it. The
 * words on the command line choose by the ids. Ends with 1 where one was not noticed.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inOwnMounts } from '../cli/persist/namespace.js';
import { applyTo } from './apply.js';
import { MUTATIONS } from './list.js';
import type { Mutation } from './mutation.js';

inOwnMounts(import.meta.url);

const repository = fileURLToPath(new URL('../../..', import.meta.url));
/** What a copy does not need, or gets by a mount. */
const LEFT_OUT = ['.git', '.test', '.toolchain', 'mkma_images', 'node_modules'];
/** A mutation may make a test wait for ever. */
const LONGEST = 300_000;

const words = process.argv.slice(2);
const chosen = MUTATIONS.filter(({ id }) => words.length === 0 || words.some((word) => id.includes(word)));
if (chosen.length === 0) {
  process.stderr.write(`error: no mutation matches: ${words.join(' ')}\n`);
  process.exit(2);
}
const copy = copyRepository();
let failed = 0;
try {
  say(`${chosen.length} mutations; first their tests as they are`);
  const tests = [...new Set(chosen.flatMap((mutation) => mutation.tests))];
  const sound = build() ?? runTests(tests).failed;
  if (sound !== undefined) {
    say(`without any mutation: ${sound}`);
    failed++;
  } else for (const mutation of chosen) if (!tryOne(mutation)) failed++;
} finally {
  spawnSync('umount', [join(copy, 'node_modules')]);
  rmdirSync(join(copy, 'node_modules'));
  rmSync(copy, { recursive: true });
}
say(failed === 0 ? `all ${chosen.length} mutations were noticed` : `${failed} to look at`);
process.exitCode = failed === 0 ? 0 : 1;

/** A copy that tests may do anything to; what they need and must not change is mounted read-only. */
function copyRepository(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mkma-mutations-'));
  // Some tests start mkma as nobody.
  chmodSync(folder, 0o755);
  for (const name of readdirSync(repository)) {
    if (!LEFT_OUT.includes(name)) {
      cpSync(join(repository, name), join(folder, name), { recursive: true, preserveTimestamps: true });
    }
  }
  const modules = join(folder, 'node_modules');
  mkdirSync(modules);
  const mounts = [
    ['--bind', join(repository, 'node_modules'), modules],
    ['-o', 'remount,bind,ro', modules],
  ];
  for (const words of mounts) {
    const { status, stderr } = spawnSync('mount', words, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`mount ${words.join(' ')}: ${stderr}`);
  }
  return folder;
}

/** Whether the tests noticed it. */
function tryOne(mutation: Mutation): boolean {
  const { id, file, tests } = mutation;
  const start = performance.now();
  const path = join(copy, file);
  const source = readFileSync(path, 'utf8');
  const changed = applyTo(source, mutation);
  if (typeof changed === 'string') {
    say(`${id}: does not fit: ${changed}`);
    return false;
  }
  writeFileSync(path, changed.text);
  try {
    const unfit = build();
    if (unfit !== undefined) {
      say(`${id}: ${unfit}`);
      return false;
    }
    const noticed = runTests(tests).failed;
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    say(
      noticed === undefined
        ? `${id}: SURVIVED ${tests.join(', ')}: ${mutation.breaks}`
        : `${id}: noticed in ${seconds} s: ${noticed}`,
    );
    return noticed !== undefined;
  } finally {
    writeFileSync(path, source);
  }
}

/** Compile the copy; what is wrong, where it does not compile. */
function build(): string | undefined {
  const built = spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: copy, encoding: 'utf8' });
  return built.status === 0 ? undefined : `does not compile:\n${built.stdout}${built.stderr}`;
}

/** Run files of tests; the first test that failed, if any did. */
function runTests(tests: readonly string[]): { failed?: string } {
  for (const test of tests) {
    const file = join('dist/test', `${test}.test.js`);
    // As if by nobody: a file that finds itself in a namespace of its own would not make one.
    const { MKMA_TEST_NAMESPACE: _, NODE_TEST_CONTEXT: __, ...env } = process.env;
    const ended = spawnSync(process.execPath, ['--test', '--test-reporter=tap', file], {
      cwd: copy,
      encoding: 'utf8',
      env,
      timeout: LONGEST,
      maxBuffer: 2 ** 28,
    });
    if (ended.status === 0) continue;
    const names = [...ended.stdout.matchAll(/^ *not ok \d+ - (.*)$/gm)].map(([, name]) => name);
    return { failed: `${test}: ${names[0] ?? `ended with ${ended.status ?? ended.signal}`}` };
  }
  return {};
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
