/**
 * The desktop with niri, by each way in which a definition can offer it. niri itself is in no Debian suite, and not here: a stand-in
 * (vm/niri/stand-in.ts) takes its place.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { codeOf, execute, main, temporary } from '../cli/cli.js';
import { makeDeb, makeFlatRepository } from '../cli/flat-repository.js';
import { Mirror } from '../cli/mirror.js';
import { FAST } from '../vm/fast.js';
import { NAMES } from '../vm/niri/machine-tests.js';
import { BUILT, CONTROL, PACKAGED, standIn } from '../vm/niri/stand-in.js';

const TESTS = fileURLToPath(new URL('../vm/niri/machine-tests.js', import.meta.url));
/** Programs that the session does without, in a machine that is not booted. */
const BARE = [
  ...['terminal', 'launcher', 'bar', 'notifications', 'lock', 'idle', 'wallpaper', 'screenshots'],
  ...['clipboard', 'polkitAgent', 'files', 'keyring', 'browser'],
];

describe('niri', () => {
  const folder = temporary();
  const deb = join(folder.path, 'niri_25.11_all.deb');
  let fingerprint = '';
  before(() => {
    makeDeb(folder.path, CONTROL, standIn(PACKAGED));
    fingerprint = makeFlatRepository({ folder: join(folder.path, 'www/flat'), debs: [deb] });
  });
  after(() => folder[Symbol.dispose]());

  /** Build a machine with these options and fields in a folder of its own. */
  const build = async (name: string, options: object, fields: string, imports = '') => {
    const own = join(folder.path, name);
    mkdirSync(own);
    const config = join(own, 'mkma.config.ts');
    const preset = JSON.stringify({
      compositor: 'niri',
      wifi: false,
      bluetooth: false,
      sound: false,
      ...options,
    });
    writeFileSync(
      config,
      `import { defineMachine } from 'mkma';\n${imports}export default defineMachine({ extends: [{ preset: 'desktop', with: ${preset} }], hostname: 'n', compressionLevel: 1, ${fields} });\n`,
    );
    const output = join(own, 'out');
    const args = ['--config', config, '--output', output];
    const ended = await execute(process.execPath, [main, 'build', ...args, '--json']);
    return { ended, args, chroot: join(output, 'chroot') };
  };
  const bare = { ...Object.fromEntries(BARE.map((part) => [part, 'none'])), portals: false, fonts: [] };
  /** That the tree has niri at these places, and what the session needs. */
  const assertHas = (chroot: string, { programs, units }: typeof PACKAGED | typeof BUILT): void => {
    for (const path of [`${programs}/niri`, `${programs}/niri-session`, `${units}/niri.service`]) {
      assert.ok(existsSync(join(chroot, path)), path);
    }
    assert.match(readFileSync(join(chroot, 'etc/niri/config.kdl'), 'utf8'), /^binds \{$/m);
    assert.ok(!existsSync(join(chroot, 'usr/lib/systemd/user/desktop-session.service')));
  };
  /** Whether dpkg knows a package as installed. */
  const isInstalled = (chroot: string, name: string): boolean =>
    new RegExp(`^Package: ${name}\nStatus: install ok installed$`, 'm').test(
      readFileSync(join(chroot, 'var/lib/dpkg/status'), 'utf8'),
    );

  test('from a flat repository with a key by its address: the session, its message without a GPU, a second login', async () => {
    using mirror = await new Mirror(folder.path).listen();
    const uri = `http://127.0.0.1:${mirror.port}/flat/`;
    const key = `{ url: '${uri}Release.key', fingerprint: '${fingerprint}' }`;
    const fields = `keyboard: 'de', repositories: { flat: { uri: '${uri}', suites: ['/'], key: ${key} } }, tests`;
    const options = {
      browser: 'none',
      files: 'none',
      keyring: 'none',
      polkitAgent: 'none',
      fonts: ['latin'],
    };
    const { ended, args, chroot } = await build(
      'repository',
      options,
      fields,
      `import { tests } from '${TESTS}';\n`,
    );
    assert.equal(ended.code, 0, ended.stderr + ended.stdout);
    assertHas(chroot, PACKAGED);
    assert.ok(isInstalled(chroot, 'niri') && isInstalled(chroot, 'sway'));
    const source = readFileSync(join(chroot, 'etc/apt/sources.list.d/flat.sources'), 'utf8');
    assert.match(source, /^Suites: \/\nSigned-By:\n -----BEGIN PGP/m);

    const again = await execute(process.execPath, [main, 'build', ...args, '--json']);
    assert.equal(again.code, 0, again.stderr);
    assert.equal(JSON.parse(again.stdout).changed, false);
    assert.equal(mirror.count('Release.key'), 1);

    const booted = [main, 'test', ...args, '--append', FAST, '--timeout', '900', '--json'];
    const tested = await execute(process.execPath, booted);
    const verdict = JSON.parse(tested.stdout);
    assert.ok(verdict.checks !== undefined, tested.stdout);
    const bad = [...verdict.checks, ...verdict.tests].filter((one: { ok: boolean }) => !one.ok);
    assert.deepEqual(bad, []);
    assert.deepEqual(
      verdict.tests.map((one: { name: string }) => one.name),
      NAMES,
    );
  });

  test('from a package file', async () => {
    const { ended, chroot } = await build('file', bare, `packages: ['${deb}']`);
    assert.equal(ended.code, 0, ended.stderr + ended.stdout);
    assertHas(chroot, PACKAGED);
    assert.ok(isInstalled(chroot, 'niri') && isInstalled(chroot, 'sway'));
  });

  test('from a build: dpkg knows nothing of it', async () => {
    const source = join(folder.path, 'source');
    for (const [path, content] of Object.entries(standIn(BUILT))) {
      mkdirSync(dirname(join(source, path)), { recursive: true });
      writeFileSync(join(source, path), content, { mode: path.includes('bin/') ? 0o755 : 0o644 });
    }
    const made = `{ name: 'niri', sources: { niri: '${source}' }, run: 'true', install: 'cp -a niri/. $DESTDIR' }`;
    const { ended, chroot } = await build('build', bare, `builds: [${made}], packages: ['sway']`);
    assert.equal(ended.code, 0, ended.stderr + ended.stdout);
    assertHas(chroot, BUILT);
    assert.ok(!isInstalled(chroot, 'niri') && isInstalled(chroot, 'sway'));
  });

  test('a repository that does not have it: apt says so, and the ways to it are shown', async () => {
    using mirror = await new Mirror(folder.path).listen();
    const empty = join(folder.path, 'www/empty');
    const other = makeFlatRepository({ folder: empty, debs: [] });
    const uri = `http://127.0.0.1:${mirror.port}/empty/`;
    const key = `{ url: '${uri}Release.key', fingerprint: '${other}' }`;
    const { ended } = await build(
      'empty',
      bare,
      `repositories: { empty: { uri: '${uri}', suites: ['/'], key: ${key} } }`,
    );
    assert.equal(ended.code, 1, ended.stderr);
    assert.equal(codeOf(ended), 'no-such-package', ended.stdout);
    const { where, next } = JSON.parse(ended.stdout).error;
    assert.match(where, /package niri$/);
    assert.match(next, /name: 'niri'/);
  });
});
