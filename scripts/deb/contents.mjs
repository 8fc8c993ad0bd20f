/** Which files the Debian package holds, and where: those of the package for npm, at the places that Debian has for them. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';

const HERE = 'usr/share/mkma';
const DOCS = 'usr/share/doc/mkma';
/** What the copyright file says already, and readmes of packages. */
const LEFT_OUT = /(^LICENSE$|(^|\/)LICEN[CS]ES?$|^node_modules\/.*\/README\.md$)/i;
/** Files with a place of their own; compressed where Debian wants it so. */
const PLACES = {
  'docs/reference/mkma.1': 'usr/share/man/man1/mkma.1.gz',
  'docs/reference/completion.bash': 'usr/share/bash-completion/completions/mkma',
};

/** The files by their places. `scratch` is a folder for what npm leaves. */
export function contents(dependencies, scratch) {
  const packed = [...packedByNpm(scratch), ...dependencies.flatMap((name) => below(`node_modules/${name}`))];
  return new Map(packed.filter((path) => !LEFT_OUT.test(path)).map((path) => [placeOf(path), path]));
}

function placeOf(path) {
  if (/^(docs|examples)\/|^[^/]+\.md$/.test(path)) return PLACES[path] ?? `${DOCS}/${path}`;
  return `${HERE}/${path}`;
}

/** The files of the package for npm: `files` in package.json, as npm reads it. */
function packedByNpm(scratch) {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts', '--offline', `--cache=${scratch}`];
  const { status, stdout, stderr } = spawnSync('npm', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm pack failed: ${stderr}`);
  return JSON.parse(stdout)[0].files.map(({ path }) => path);
}

function below(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath ?? entry.path}/${entry.name}`);
}
