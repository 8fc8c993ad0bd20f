/**
 * What code and text are held to without running them: biome, knip (what nothing uses), and shellcheck and codespell, which are Debian packages. Where one of
 * those is not installed it is left out, which is said with the package's name; test/run installs them, so that CI never leaves one out.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ignore from 'ignore';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

/** Files of the checkout, without what git ignores: no git is asked, which refuses a checkout of another user's. */
function filesBelow(folder, ignored) {
  return readdirSync(folder === '' ? '.' : folder, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}${entry.name}`;
    if (entry.name === '.git' || ignored.ignores(entry.isDirectory() ? `${path}/` : path)) return [];
    if (entry.isDirectory()) return filesBelow(`${path}/`, ignored);
    return entry.isFile() ? [path] : [];
  });
}

const SHELL_NAME = /\.(sh|bash)$/;
const SHELL_LINE = /^#! ?\/\S*\b(sh|dash|bash)\b/;

function isShell(path) {
  return SHELL_NAME.test(path) || SHELL_LINE.test(beginningOf(path));
}

function beginningOf(path) {
  const file = openSync(path);
  const bytes = Buffer.alloc(64);
  const length = readSync(file, bytes);
  closeSync(file);
  return bytes.toString('latin1', 0, length);
}

const files = filesBelow('', ignore().add(readFileSync('.gitignore', 'utf8')));
const shell = files.filter(isShell);
/** Not generated, not a picture. */
const words = files.filter((path) => !/\.(png|svg)$|^package-lock\.json$/.test(path));

const checks = [
  { program: 'node_modules/.bin/biome', args: ['check', '--error-on-warnings', '.'] },
  { program: 'node_modules/.bin/knip', args: [] },
  { program: 'shellcheck', args: shell, package: 'shellcheck' },
  { program: 'codespell', args: words, package: 'codespell' },
];

let failed = false;
for (const { program, args, package: debian } of checks) {
  const { error, status } = spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (error?.code === 'ENOENT' && debian !== undefined) {
    process.stderr.write(`lint: ${program} skipped: not installed (Debian package ${debian})\n`);
  } else if (status !== 0) {
    failed = true;
    process.stderr.write(`lint: ${program} failed${error === undefined ? '' : `: ${error.message}`}\n`);
  }
}
process.exit(failed ? 1 : 0);
