/**
 * Make a release: node scripts/release.mjs VERSION [--dry-run]. The version goes into package.json and its lock, the changelog's
 * unreleased section becomes that version's, both are committed; both packages are made of that commit and installed on bare machines;
 * then the commit is tagged. Nothing is pushed, and nothing is undone: what ends early says how things are.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { released, sectionsOf, UNRELEASED } from './changelog.mjs';

const PACKAGES = '.test/release';
const CHANGED = ['package.json', 'package-lock.json', 'CHANGELOG.md'];

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const dryRun = process.argv.includes('--dry-run');
const [version = '', ...more] = process.argv.slice(2).filter((word) => word !== '--dry-run');
const tag = `v${version}`;
const changelog = readFileSync('CHANGELOG.md', 'utf8');
const date = new Date().toISOString().slice(0, 10);

const refused = refusal();
if (refused !== undefined) end(2, `error: ${refused}`, 'nothing was changed');

/** What is done, in this order: what it is, how, and how things are once it is done. */
const STEPS = [
  {
    what: `set ${version} in package.json, package-lock.json and CHANGELOG.md`,
    run: setVersion,
    state: `${CHANGED.join(', ')} are changed and not committed; back: git checkout -- ${CHANGED.join(' ')}`,
  },
  {
    what: `commit that as "Release ${version}"`,
    run: () => command('git', 'commit', '--quiet', '-m', `Release ${version}`, '--', ...CHANGED),
    state: `"Release ${version}" is committed and not tagged; back: git reset --hard HEAD~1`,
  },
  { what: 'run lint, unit and contract tests: npm test', run: () => command('npm', 'test') },
  { what: `make both packages in ${PACKAGES}/: npm pack, npm run deb`, run: makePackages },
  { what: `install both on bare machines: ${installing().join(' ')}`, run: () => command(...installing()) },
  {
    what: `tag the commit: ${tag}`,
    run: () => command('git', 'tag', '--annotate', '-m', `mkma ${version}`, tag),
    state: `${tag} is tagged; back: git tag --delete ${tag}, then git reset --hard HEAD~1`,
  },
];

// What is interrupted ends as a command that failed.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
let state = 'nothing is committed';
for (const { what, run, state: after } of STEPS) {
  say(dryRun ? `would ${what}` : what);
  if (dryRun) continue;
  try {
    run();
  } catch (cause) {
    end(1, `error: ${what}: ${cause.message}`, `now: ${state}`, output('git', 'status', '--short').trimEnd());
  }
  state = after ?? state;
}
if (!dryRun) {
  say(`released ${version}: ${readdirSync(PACKAGES).join(', ')} are in ${PACKAGES}/`);
  say(`nothing was pushed; next: git push --follow-tags`);
}

/** Why there can be no such release, if there cannot. */
function refusal() {
  if (more.length > 0 || !/^\d+\.\d+\.\d+$/.test(version)) return 'name one version, as 0.2.0';
  const dirty = output('git', 'status', '--porcelain');
  if (dirty !== '') return `the checkout has what is not committed:\n${dirty.trimEnd()}`;
  if (output('git', 'tag', '--list', tag) !== '') return `${tag} is tagged already`;
  const [newest, ...older] = sectionsOf(changelog);
  if (newest.name !== UNRELEASED || newest.items.length === 0)
    return `CHANGELOG.md has nothing under "## ${UNRELEASED}"`;
  if (older.some((section) => section.name === version && section.date !== undefined))
    return `CHANGELOG.md has a release ${version} already`;
  return undefined;
}

function setVersion() {
  const set = ['version', version, '--no-git-tag-version', '--allow-same-version', '--ignore-scripts'];
  command('npm', ...set, '--silent');
  writeFileSync('CHANGELOG.md', released(changelog, version, date));
}

function makePackages() {
  rmSync(PACKAGES, { recursive: true, force: true });
  mkdirSync(PACKAGES, { recursive: true });
  command('npm', 'pack', '--silent', '--pack-destination', PACKAGES);
  command('npm', 'run', '--silent', 'deb', PACKAGES);
}

/** Bare machines take root. */
function installing() {
  const test = ['./test/packages', '--from', PACKAGES];
  return process.getuid() === 0 ? test : ['sudo', ...test];
}

function command(file, ...args) {
  const { status, signal, error } = spawnSync(file, args, { stdio: 'inherit' });
  if (status !== 0)
    throw (
      error ?? new Error(`${file} ${signal === null ? 'failed, as shown above' : `was ended by ${signal}`}`)
    );
}

function output(file, ...args) {
  return execFileSync(file, args, { encoding: 'utf8' });
}

function say(text) {
  process.stderr.write(`${text}\n`);
}

function end(code, ...lines) {
  for (const line of lines.filter(Boolean)) say(line);
  process.exit(code);
}
