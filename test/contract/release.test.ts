/** The release script: what it refuses, what it would do, and what it says where a step fails. In a repository of its own. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../../../', import.meta.url));
const absent = ['git', 'npm'].filter((tool) => spawnSync(tool, ['--version']).error !== undefined);
const skip = absent.length > 0 && `not there: ${absent.join(', ')}`;
const scratch = mkdtempSync(join(tmpdir(), 'mkma-release-test-'));
after(() => rmSync(scratch, { recursive: true }));

const CHANGELOG = '# Changelog\n\n## Unreleased\n\n* New.\n\n## 0.1.0 (2026-01-02)\n\n* Old,\n  and more.\n';
const PACKAGE = { name: 'mkma', version: '0.1.0', scripts: { test: 'exit 3' } };
const LOCK = { name: 'mkma', version: '0.1.0', lockfileVersion: 3, packages: { '': { version: '0.1.0' } } };
/** Nothing of the caller's git or npm. */
const env = {
  PATH: process.env.PATH,
  HOME: scratch,
  GIT_CONFIG_NOSYSTEM: '1',
  npm_config_update_notifier: 'false',
};

/** A repository with one commit, and the commands in it. */
function checkout(changelog = CHANGELOG) {
  const folder = mkdtempSync(join(scratch, 'checkout-'));
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@x', ...args], {
      cwd: folder,
      env,
      encoding: 'utf8',
    });
  mkdirSync(join(folder, 'scripts'));
  for (const name of ['release.mjs', 'changelog.mjs'])
    copyFileSync(join(repository, 'scripts', name), join(folder, 'scripts', name));
  write('package.json', JSON.stringify(PACKAGE));
  write('package-lock.json', JSON.stringify(LOCK));
  write('CHANGELOG.md', changelog);
  git('init', '--quiet');
  for (const name of ['name', 'email']) git('config', `user.${name}`, 'x@x');
  git('add', '-A');
  git('commit', '--quiet', '-m', 'First');
  const release = (...args: string[]) =>
    spawnSync(process.execPath, ['scripts/release.mjs', ...args], { cwd: folder, env, encoding: 'utf8' });
  return { write, git, release, read: (name: string) => readFileSync(join(folder, name), 'utf8') };
}

test('a release is refused where the version, the checkout or the changelog is not fit for it', {
  skip,
}, () => {
  const { write, git, release } = checkout();
  const refuse = (why: RegExp, ...args: string[]): void => {
    const { status, stderr } = release(...args);
    assert.equal(status, 2, stderr);
    assert.match(stderr, why);
    assert.match(stderr, /nothing was changed\n$/);
  };
  refuse(/^error: name one version/);
  refuse(/^error: name one version/, 'v0.2.0');
  refuse(/^error: name one version/, '0.2.0', '0.3.0');
  refuse(/^error: CHANGELOG\.md has a release 0\.1\.0 already/, '0.1.0');
  git('tag', 'v0.2.0');
  refuse(/^error: v0\.2\.0 is tagged already/, '0.2.0');
  write('left', '');
  refuse(/^error: the checkout has what is not committed:\n\?\? left/, '0.3.0');
  for (const changelog of [
    CHANGELOG.replace('* New.\n\n', ''),
    CHANGELOG.replace('## Unreleased\n\n* New.\n\n', ''),
  ]) {
    const { status, stderr } = checkout(changelog).release('0.2.0');
    assert.deepEqual(
      [status, stderr.split('\n')[0]],
      [2, 'error: CHANGELOG.md has nothing under "## Unreleased"'],
    );
  }
});

test('--dry-run names the steps and changes nothing', { skip }, () => {
  const { git, release } = checkout();
  const { status, stderr } = release('0.2.0', '--dry-run');
  assert.equal(status, 0, stderr);
  assert.deepEqual(
    stderr
      .trim()
      .split('\n')
      .map((line) => line.split(' ').slice(0, 2).join(' ')),
    ['would set', 'would commit', 'would run', 'would make', 'would install', 'would tag'],
  );
  assert.equal(git('status', '--porcelain'), '');
  assert.equal(git('rev-list', '--count', 'HEAD').trim(), '1');
});

test('where a step fails, what was done until then stays and is named, and nothing is tagged', {
  skip,
}, () => {
  const { git, release, read } = checkout();
  const { status, stderr } = release('0.2.0');
  assert.equal(status, 1, stderr);
  assert.match(stderr, /^error: run lint, unit and contract tests: npm test: npm failed, as shown above$/m);
  assert.match(
    stderr,
    /^now: "Release 0\.2\.0" is committed and not tagged; back: git reset --hard HEAD~1$/m,
  );
  assert.deepEqual([git('log', '-1', '--format=%s').trim(), git('tag', '--list')], ['Release 0.2.0', '']);
  assert.deepEqual(
    ['package.json', 'package-lock.json'].map(
      (name) => (JSON.parse(read(name)) as { version: string }).version,
    ),
    ['0.2.0', '0.2.0'],
  );
  const today = new Date().toISOString().slice(0, 10);
  assert.equal(read('CHANGELOG.md'), CHANGELOG.replace('Unreleased', `0.2.0 (${today})`));
});
