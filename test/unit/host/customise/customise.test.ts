import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { userScript } from '../../../../src/host/customise/accounts.js';
import { neededPackages } from '../../../../src/host/customise/customise.js';
import { customiseInputs } from '../../../../src/host/customise/inputs.js';
import { placeFiles } from '../../../../src/host/customise/place-files.js';
import { describeKey, readKey } from '../../../../src/host/customise/repository-keys.js';
import {
  componentsOf,
  excludedPreferences,
  repositoryStanza,
  sourceFiles,
} from '../../../../src/host/customise/sources.js';
import { machineFiles } from '../../../../src/host/customise/system-files.js';
import type { MachineInput } from '../../../../src/host/definition/machine.js';
import { machine, placed, smallTree } from './small-tree.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mkma-customise-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The user `anna` of the tree is who runs the tests: owners that are not one's own take root (test/cli/files-owners). */
const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

test('a link that leads out of the tree is followed inside it', () => {
  const at = smallTree(folder, own);
  const outside = join(folder, 'outside');
  mkdirSync(outside);
  symlinkSync(outside, join(at.root, 'opt'));
  assert.ok(placeFiles(at, machine({ files: { '/opt/x': { content: 'x', owner: 'anna' } } })).ok);
  assert.ok(!existsSync(join(outside, 'x')));
  assert.equal(readFileSync(join(at.root, outside, 'x'), 'utf8'), 'x');
});

test('templates are filled in; what is missing is told, and so is an owner that is not there', () => {
  const from = join(folder, 'template');
  writeFileSync(from, 'a={{ a }} b={{b}} {{a}} {not} {{ not this }}\n');
  const { root } = placed(folder, own, {
    '/etc/t': { from, owner: 'anna', values: { a: 'x', b: 7, c: true } },
  });
  assert.equal(readFileSync(join(root, 'etc/t'), 'utf8'), 'a=x b=7 x {not} {{ not this }}\n');
  rmSync(join(folder, 'root'), { recursive: true });
  assert.equal(
    placed(folder, own, { '/etc/t': { from, values: { a: 'x' } } }).problem,
    `a template uses a value that is not set: files["/etc/t"]: ${from}: {{b}}`,
  );
  rmSync(join(folder, 'root'), { recursive: true });
  assert.equal(
    placed(folder, own, { '/etc/t': { content: '', owner: 'anna:nogroup' } }).problem,
    'the owner of a file does not exist: files["/etc/t"]: anna:nogroup',
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
    describeKey,
  );
  assert.deepEqual(Object.keys(files).sort(), [
    '/etc/apt/preferences.d/mkma-excluded',
    '/etc/apt/sources.list.d/debian.sources',
    '/etc/apt/sources.list.d/own.sources',
  ]);
  assert.ok(!JSON.stringify(files).includes('secret.example'));
  assert.equal(excludedPreferences([]), undefined);
});

test('a flat repository has no components, and a key that is fetched counts by its fingerprint alone', () => {
  const flat = { uri: 'https://x.example/flat/', suites: ['/'], components: [] };
  assert.equal(
    repositoryStanza({ ...flat, inMachine: true }, 'K\n'),
    'Types: deb\nURIs: https://x.example/flat/\nSuites: /\nSigned-By:\n K\n',
  );
  const inputs = (url: string, fingerprint: string) =>
    customiseInputs(machine({ repositories: { own: { ...flat, key: { url, fingerprint } } } }), '');
  const digits = 'ab'.repeat(20);
  const spaced = (digits.match(/.{4}/g) ?? []).join(' ').toUpperCase();
  assert.deepEqual(inputs('https://x.example/a', digits), inputs('https://y.example/b', spaced));
  assert.notDeepEqual(inputs('https://x.example/a', digits), inputs('https://x.example/a', 'cd'.repeat(20)));
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
  const files = machineFiles(machine({ users: { anna: { autologin: ['tty2', 'ttyUSB0'] } } }), describeKey);
  const unit = (name: string): string => files[`/etc/systemd/system/${name}.service.d/autologin.conf`] ?? '';
  assert.match(unit('getty@tty2'), /--autologin anna --noreset --noclear - /);
  assert.match(unit('serial-getty@ttyUSB0'), /--autologin anna .*--keep-baud/);
  assert.equal(unit('getty@tty1'), '');
  const rules = files['/etc/udev/rules.d/90-mkma-serial-login.rules'] ?? '';
  assert.match(rules, /KERNEL=="ttyS0".*\n.*KERNEL=="ttyUSB0", TAG.*serial-getty@ttyUSB0/);
  const sulogin = '/etc/systemd/system/rescue.service.d/sulogin.conf';
  assert.ok(sulogin in files);
  const withPassword = machine({ users: { root: { password: { hash: '$6$a$b' } } } });
  assert.ok(!(sulogin in machineFiles(withPassword, describeKey)));
});

test('fields bring the packages that they need', () => {
  const names = (fields: MachineInput): string[] => neededPackages(machine(fields)).map(({ name }) => name);
  const all = names({ users: { anna: { sudo: true } }, locale: 'de_DE.UTF-8', keyboard: 'de', zram: 10 });
  for (const name of ['sudo', 'locales', 'console-setup', 'systemd-zram-generator'])
    assert.ok(all.includes(name), name);
  assert.deepEqual(names({}), ['tzdata']);
});

test('what is named through a link is copied with the mode of what it leads to', () => {
  writeFileSync(join(folder, 'real'), 'secret {{a}}\n', { mode: 0o600 });
  mkdirSync(join(folder, 'real-folder'), { mode: 0o750 });
  for (const name of ['real', 'real-folder']) symlinkSync(name, join(folder, `${name}-link`));
  const from = join(folder, 'real-link');
  const { root } = placed(folder, own, {
    '/etc/a': { from, owner: 'anna' },
    '/etc/b': { from, owner: 'anna', values: { a: 1 } },
    '/etc/c': { from: join(folder, 'real-folder-link'), owner: 'anna' },
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

test('rules of the definition are a file of the machine, which a change of them makes anew', () => {
  const files = (input: MachineInput) => machineFiles(machine(input), describeKey);
  const path = '/usr/lib/mkma/definition.rules';
  assert.equal(files({})[path], undefined);
  const persist = { rules: { drop: ['/srv/'] }, limits: { largestFile: '1G' } };
  assert.match(files({ persist })[path] ?? '', /\n\[drop\]\n\/srv\/\n\n\[limits\]\nlargest-file 1G\n$/);
  assert.notDeepEqual(customiseInputs(machine({}), ''), customiseInputs(machine({ persist }), ''));
});

test('each machine makes missing host keys, whoever installs the server; to what an identity belongs is in the image', () => {
  const files = (input: MachineInput) => machineFiles(machine(input), describeKey);
  const plain = files({});
  const unit = (name: string): string => plain[`/usr/lib/systemd/system/${name}`] ?? '';
  for (const name of ['ssh.service', 'ssh.socket'])
    assert.match(unit(`${name}.d/10-mkma.conf`), /^\[Unit\]\nWants=(mkma-host-keys\.service)\nAfter=\1\n$/);
  const keys = unit('mkma-host-keys.service');
  assert.match(keys, /^ExecStart=\/usr\/bin\/ssh-keygen -A$/m);
  assert.doesNotMatch(keys, /ConditionFirstBoot|RemainAfterExit/);
  assert.match(unit('systemd-random-seed.service.d/10-mkma.conf'), /SYSTEMD_RANDOM_SEED_CREDIT=no$/m);
  assert.equal(plain['/etc/mkma/identity'], undefined);
  assert.equal(files({ persist: { identity: 'medium' } })['/etc/mkma/identity'], 'medium\n');
});
