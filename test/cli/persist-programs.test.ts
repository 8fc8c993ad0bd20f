/** Programs that rename folders of the base: they work on the root, and what they did is saved. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repository, temporary } from './cli.js';
import { sharedImages } from './images.js';
import { TestMachine } from './persist/machine.js';
import { inOwnMounts } from './persist/namespace.js';
import { describeTree } from './persist/view.js';

inOwnMounts(import.meta.url);

const folder = temporary();
mkdirSync(join(folder.path, 'machine'));
const machine = new TestMachine({
  ...{ images: sharedImages(), dist: join(repository, 'dist'), scratch: join(folder.path, 'machine') },
});
process.on('exit', () => {
  machine.close();
  folder[Symbol.dispose]();
});

const sh = (script: string, cwd: string): string =>
  execFileSync('sh', ['-e', '-c', script], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** A package of npm's of this version, as an archive. */
function pack(version: number): string {
  const at = join(folder.path, `tool-${version}`);
  mkdirSync(join(at, 'lib'), { recursive: true });
  writeFileSync(
    join(at, 'package.json'),
    JSON.stringify({ name: 'tool', version: `${version}.0.0`, bin: 'bin.js' }),
  );
  writeFileSync(join(at, 'bin.js'), `#!/usr/bin/env node\nconsole.log('tool ${version}');\n`, {
    mode: 0o755,
  });
  writeFileSync(join(at, `lib/only-${version}.js`), '');
  return join(at, sh('npm pack --silent', at).trim());
}

const NPM = 'npm install --offline --no-audit --no-fund --silent --cache "$PWD/../cache"';
/** As rustup replaces a toolchain: the old one is moved away, the new one into its place, then the old one is removed. */
const RUSTUP = `mkdir -p tmp/new/bin; echo 2 >tmp/new/bin/rustc
mv -T toolchains/stable tmp/old; mv -T tmp/new toolchains/stable; rm -r tmp/old; rmdir tmp`;

test('npm replaces an installed package, rustup a toolchain: the next boot has what they left', () => {
  const [first, second] = [pack(1), pack(2)];
  machine.newBase((base) => {
    for (const path of ['srv/app', 'root/.rustup/toolchains/stable/bin'])
      mkdirSync(join(base, path), { recursive: true });
    sh(`${NPM} ${first}`, join(base, 'srv/app'));
    sh('echo 1 >toolchains/stable/bin/rustc', join(base, 'root/.rustup'));
  });
  machine.boot();
  const app = join(machine.merged, 'srv/app');
  sh(`${NPM} ${second}`, app);
  sh(RUSTUP, join(machine.merged, 'root/.rustup'));
  assert.equal(sh('node_modules/.bin/tool; ls node_modules/tool/lib', app), 'tool 2\nonly-2.js\n');
  const before = describeTree(machine.merged);
  const saved = machine.mkma(['persist', '--all', '--level', '1']);
  assert.equal(saved.code, 0, saved.stderr);
  assert.deepEqual(machine.boot(), []);
  assert.deepEqual(describeTree(machine.merged), before);
  assert.equal(
    sh('cat toolchains/stable/bin/rustc; ls', join(machine.merged, 'root/.rustup')),
    '2\ntoolchains\n',
  );
});

test('what a layer deletes is not listed either once the layer that had it is gone', () => {
  machine.newBase((base) => mkdirSync(join(base, 'etc')));
  machine.boot();
  const save = (): string => {
    const { code, stdout, stderr } = machine.mkma(['persist', '--all', '--level', '1', '--json']);
    assert.equal(code, 0, stderr);
    return (JSON.parse(stdout) as { layer: { layer: string } }).layer.layer;
  };
  sh('mkdir -p srv/folder; touch srv/folder/file srv/folder/other', machine.merged);
  const first = save();
  machine.boot();
  sh('rm srv/folder/file; touch srv/folder/new', machine.merged);
  save();
  assert.equal(machine.mkma(['layers', 'drop', '--force', first]).code, 0);
  assert.deepEqual(machine.boot(), []);
  assert.equal(sh('ls srv/folder', machine.merged), 'new\n');
});
