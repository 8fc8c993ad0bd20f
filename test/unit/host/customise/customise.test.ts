import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { userScript } from '../../../../src/host/customise/accounts.js';
import { clean, endForbidding, impliedPackages } from '../../../../src/host/customise/customise.js';
import { customiseInputs } from '../../../../src/host/customise/inputs.js';
import { placeFiles } from '../../../../src/host/customise/place-files.js';
import {
  componentsOf,
  excludedPreferences,
  readKey,
  repositoryStanza,
  sourceFiles,
} from '../../../../src/host/customise/sources.js';
import { machineFiles } from '../../../../src/host/customise/system-files.js';
import { Tree } from '../../../../src/host/customise/tree.js';
import { type Machine, type MachineInput, machineSchema } from '../../../../src/host/definition/machine.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mkma-customise-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const machine = (fields: MachineInput): Machine => machineSchema.parse({ hostname: 'box', ...fields });

function tree(): Tree {
  const root = join(folder, 'root');
  mkdirSync(join(root, 'etc'), { recursive: true });
  mkdirSync(join(root, 'usr/lib'), { recursive: true });
  symlinkSync('usr/lib', join(root, 'lib'));
  writeFileSync(
    join(root, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/bash\nanna:x:1000:1001::/home/anna:/bin/bash\n',
  );
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nanna:x:1001:\nwww-data:x:33:anna\n');
  const context = { emit: () => undefined, signal: new AbortController().signal };
  return new Tree(root, context, 1000);
}

function placed(files: MachineInput['files']): { root: string; problem?: string | undefined } {
  const at = tree();
  const done = placeFiles(at, machine({ files }));
  return { root: at.root, problem: done.ok ? undefined : `${done.problem.what}: ${done.problem.where}` };
}

test('files come with mode and owner, through links of the tree but never out of it', () => {
  symlinkSync('/nowhere', join(folder, 'outside'));
  const { root, problem } = placed({
    '/etc/a': 'text',
    '/etc/b': { content: 'x', mode: '4750', owner: 'anna:www-data' },
    '/lib/c': { content: 'x', owner: 'anna' },
    '/etc/d': { link: '/etc/a' },
    '/srv/e': { folder: true, mode: '0700', owner: '5:6' },
  });
  assert.equal(problem, undefined);
  const facts = (path: string): number[] => {
    const { mode, uid, gid } = statSync(join(root, path));
    return [mode & 0o7777, uid, gid];
  };
  assert.deepEqual(
    [facts('etc/a'), facts('etc/b')],
    [
      [0o644, 0, 0],
      [0o4750, 1000, 33],
    ],
  );
  // A group that is not named is the user's.
  assert.deepEqual(
    [facts('usr/lib/c'), facts('srv/e')],
    [
      [0o644, 1000, 1001],
      [0o700, 5, 6],
    ],
  );
  assert.equal(readlinkSync(join(root, 'etc/d')), '/etc/a');
  assert.equal(statSync(join(root, 'etc/a')).mtimeMs, 1_000_000);
});

test('a link that leads out of the tree is followed inside it', () => {
  const at = tree();
  const outside = join(folder, 'outside');
  mkdirSync(outside);
  symlinkSync(outside, join(at.root, 'opt'));
  assert.ok(placeFiles(at, machine({ files: { '/opt/x': 'x' } })).ok);
  assert.ok(!existsSync(join(outside, 'x')));
  assert.equal(readFileSync(join(at.root, outside, 'x'), 'utf8'), 'x');
});

test('a folder is copied with what it holds; folders that are there stay as they are', () => {
  const from = join(folder, 'from');
  mkdirSync(join(from, 'sub'), { recursive: true, mode: 0o750 });
  writeFileSync(join(from, 'sub/run'), '#!/bin/sh\n', { mode: 0o755 });
  symlinkSync('run', join(from, 'sub/link'));
  chmodSync(from, 0o777);
  const { root } = placed({ '/etc': { from, owner: 'anna' }, '/etc/removed': 'x' });
  assert.equal(statSync(join(root, 'etc')).uid, 0);
  assert.equal(statSync(join(root, 'etc')).mode & 0o777, 0o755);
  assert.deepEqual(
    [statSync(join(root, 'etc/sub')).mode & 0o777, statSync(join(root, 'etc/sub')).uid],
    [0o750, 1000],
  );
  assert.deepEqual(
    [statSync(join(root, 'etc/sub/run')).mode & 0o777, lstatSync(join(root, 'etc/sub/link')).uid],
    [0o755, 1000],
  );
});

test('templates are filled in; what is missing is told, and so is an owner that is not there', () => {
  const from = join(folder, 'template');
  writeFileSync(from, 'a={{ a }} b={{b}} {{a}} {not} {{ not this }}\n');
  const { root } = placed({ '/etc/t': { from, values: { a: 'x', b: 7, c: true } } });
  assert.equal(readFileSync(join(root, 'etc/t'), 'utf8'), 'a=x b=7 x {not} {{ not this }}\n');
  rmSync(join(folder, 'root'), { recursive: true });
  assert.equal(
    placed({ '/etc/t': { from, values: { a: 'x' } } }).problem,
    `a template names a value that is not given: files["/etc/t"]: ${from}: {{b}}`,
  );
  rmSync(join(folder, 'root'), { recursive: true });
  assert.equal(
    placed({ '/etc/t': { content: '', owner: 'anna:nogroup' } }).problem,
    'a file has an owner that is not there: files["/etc/t"]: anna:nogroup',
  );
});

test('users are made by commands that quote what people write', () => {
  const { users } = machine({
    users: {
      anna: { uid: 1234, fullName: "Anna O'Neill", groups: ['video'], shell: '/usr/bin/zsh' },
      robot: { system: true },
      root: { shell: '/bin/dash' },
    },
  });
  assert.deepEqual(userScript(Object.entries(users)).split('\n'), [
    'getent group video >/dev/null || groupadd --system video',
    "if getent passwd anna >/dev/null; then usermod --append --shell /usr/bin/zsh --uid 1234 --comment 'Anna O'\\''Neill' --groups video anna; else " +
      'useradd $(getent group anna >/dev/null && echo --gid anna || echo --user-group) ' +
      "--shell /usr/bin/zsh --create-home --home-dir /home/anna --uid 1234 --comment 'Anna O'\\''Neill' --groups video anna; fi",
    'if getent passwd robot >/dev/null; then :; else useradd --system $(getent group robot >/dev/null && echo --gid robot || echo --user-group) --shell /usr/sbin/nologin --no-create-home --home-dir /nonexistent robot; fi',
    'usermod --shell /bin/dash root',
  ]);
});

test('sources: firmware brings its component, repositories carry their keys, mirrors of the build stay outside', () => {
  assert.deepEqual(componentsOf(machine({ firmware: ['firmware-iwlwifi'] })), ['main', 'non-free-firmware']);
  const own = {
    uri: 'https://x.example/debian',
    suites: ['trixie'],
    components: ['main'],
    key: 'BEGIN\n\nabc\n',
  };
  assert.equal(
    repositoryStanza({ ...own, inMachine: true }, own.key),
    'Types: deb\nURIs: https://x.example/debian\nSuites: trixie\nComponents: main\nSigned-By:\n BEGIN\n .\n abc\n',
  );
  const files = sourceFiles(
    machine({
      mirror: 'http://secret.example/debian',
      repositories: { own, other: { ...own, inMachine: false } },
      excludePackages: ['nano'],
    }),
  );
  assert.deepEqual(Object.keys(files).sort(), [
    '/etc/apt/preferences.d/mkma-excluded',
    '/etc/apt/sources.list.d/debian.sources',
    '/etc/apt/sources.list.d/own.sources',
  ]);
  assert.ok(!JSON.stringify(files).includes('secret.example'));
  assert.equal(excludedPreferences([]), undefined);
});

test('a key that is not armoured becomes one that gpg reads', () => {
  const home = join(folder, 'gpg');
  mkdirSync(home, { mode: 0o700 });
  const gpg = (...args: string[]): Buffer =>
    execFileSync('gpg', ['--homedir', home, '--batch', '--quiet', ...args]);
  try {
    gpg('--passphrase', '', '--quick-generate-key', 'test <test@example.org>', 'ed25519', 'sign', 'never');
    const binary = gpg('--export');
    writeFileSync(join(folder, 'key.gpg'), binary);
    writeFileSync(join(folder, 'armoured'), readKey(join(folder, 'key.gpg')));
    assert.deepEqual(gpg('--output', '-', '--dearmor', join(folder, 'armoured')), binary);
  } finally {
    execFileSync('gpgconf', ['--homedir', home, '--kill', 'all']);
  }
});

test('the tree depends on what files hold, and its records hold no secret', () => {
  const [tree_, hash] = [join(folder, 'tree'), join(folder, 'hash')];
  mkdirSync(tree_);
  writeFileSync(join(tree_, 'a'), '1');
  writeFileSync(hash, '$6$salt$secret');
  const fields: MachineInput = {
    files: { '/etc/x': { from: tree_ } },
    users: { anna: { password: { hashFile: hash } }, ben: { password: { hash: '$6$salt$other' } } },
  };
  const inputs = () => JSON.stringify(customiseInputs(machine(fields), 'd'));
  const first = inputs();
  assert.ok(!first.includes('secret') && !first.includes('other'));
  assert.equal(inputs(), first);
  writeFileSync(join(tree_, 'a'), '2');
  const second = inputs();
  chmodSync(join(tree_, 'a'), 0o600);
  const third = inputs();
  writeFileSync(hash, '$6$salt$changed');
  assert.equal(new Set([first, second, third, inputs()]).size, 4);
  // Functions may do anything that their file says.
  const hooked = machine({ hooks: [{ at: 'system', run: () => undefined }] });
  assert.notDeepEqual(customiseInputs(hooked, 'a'), customiseInputs(hooked, 'b'));
});

test('logins: whoever is named, on terminals of either kind; rescue shells open where root has no password', () => {
  const files = machineFiles(machine({ users: { anna: { autologin: ['tty2', 'ttyUSB0'] } } }));
  const unit = (name: string): string => files[`/etc/systemd/system/${name}.service.d/autologin.conf`] ?? '';
  assert.match(unit('getty@tty2'), /--autologin anna --noreset --noclear - /);
  assert.match(unit('serial-getty@ttyUSB0'), /--autologin anna .*--keep-baud/);
  assert.equal(unit('getty@tty1'), '');
  const rules = files['/etc/udev/rules.d/90-mkma-serial-login.rules'] ?? '';
  assert.match(rules, /KERNEL=="ttyS0".*\n.*KERNEL=="ttyUSB0", TAG.*serial-getty@ttyUSB0/);
  const sulogin = '/etc/systemd/system/rescue.service.d/sulogin.conf';
  assert.ok(sulogin in files);
  assert.ok(!(sulogin in machineFiles(machine({ users: { root: { password: { hash: '$6$a$b' } } } }))));
});

test('fields bring the packages that they need', () => {
  const all = impliedPackages(
    machine({ users: { anna: { sudo: true } }, locale: 'de_DE.UTF-8', keyboard: 'de', zram: 10 }),
  );
  for (const name of ['sudo', 'locales', 'console-setup', 'systemd-zram-generator'])
    assert.ok(all.includes(name), name);
  assert.deepEqual(impliedPackages(machine({})), ['tzdata']);
});

test('what is named through a link is copied with the mode of what it leads to', () => {
  writeFileSync(join(folder, 'real'), 'secret {{a}}\n', { mode: 0o600 });
  mkdirSync(join(folder, 'real-folder'), { mode: 0o750 });
  for (const name of ['real', 'real-folder']) symlinkSync(name, join(folder, `${name}-link`));
  const from = join(folder, 'real-link');
  const { root } = placed({
    '/etc/a': { from },
    '/etc/b': { from, values: { a: 1 } },
    '/etc/c': { from: join(folder, 'real-folder-link') },
  });
  const modes = ['a', 'b', 'c'].map((name) => (statSync(join(root, 'etc', name)).mode & 0o777).toString(8));
  assert.deepEqual(modes, ['600', '600', '750']);
});

test('a folder named through a link counts by what it holds; hooks after all is made do not count', () => {
  mkdirSync(join(folder, 'inner'));
  writeFileSync(join(folder, 'inner/a'), '1');
  symlinkSync('inner', join(folder, 'link'));
  const inputs = () => customiseInputs(machine({ files: { '/etc/x': { from: join(folder, 'link') } } }), 'd');
  const first = inputs();
  writeFileSync(join(folder, 'inner/a'), '2');
  assert.notDeepEqual(inputs(), first);
  const late = machine({ hooks: [{ at: 'images', on: 'host', run: () => undefined }] });
  assert.deepEqual(customiseInputs(late, 'a'), customiseInputs(machine({}), 'b'));
});

test('cleaning a tree: what never gets into a base goes, but for what the definition puts there', () => {
  const at = tree();
  const put = (path: string): void => {
    mkdirSync(join(at.root, path, '..'), { recursive: true });
    writeFileSync(join(at.root, path), 'x');
  };
  const gone = [
    'tmp/a/b',
    'run/mkma/policy-rc.d',
    'etc/ssh/ssh_host_rsa_key',
    'etc/apt/sources.list',
    'boot/x',
  ];
  const stay = ['tmp/c/mine', 'etc/ssh/ssh_host_ed25519_key', 'tmp/from/x', 'root/.bashrc'];
  mkdirSync(join(folder, 'from'));
  for (const path of [...gone, ...stay, 'tmp/from/y', 'tmp/c/other', 'etc/machine-id']) put(path);
  writeFileSync(join(folder, 'from/x'), 'x');
  const files = {
    ...{
      '/tmp/c/mine': 'x',
      '/etc/ssh/ssh_host_ed25519_key': 'x',
      '/tmp/from': { from: join(folder, 'from') },
    },
    '/boot/x': { remove: true as const },
  };
  clean(at, machine({ files }));
  endForbidding(at.files);
  const there = (path: string): boolean => existsSync(join(at.root, path));
  assert.deepEqual([...gone, 'tmp/from/y', 'tmp/c/other'].filter(there), []);
  assert.deepEqual(
    stay.filter((path) => !there(path)),
    [],
  );
  assert.equal(readFileSync(join(at.root, 'etc/machine-id'), 'utf8'), '');
  assert.equal(readlinkSync(join(at.root, 'usr/sbin/policy-rc.d')), '/run/mkma/policy-rc.d');
});
