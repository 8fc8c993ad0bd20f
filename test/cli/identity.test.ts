/** Who a machine is: a layer of its own, replaced and not stacked, and not applied on another machine. */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, test } from 'node:test';
import { sharedImages } from './images.js';
import { emptyBase } from './packages/base.js';
import { startMachine } from './persist/started.js';

const machine = startMachine(import.meta.url);
const at = (path: string): string => join(machine.merged, path);
const setting = join(machine.root, 'etc/mkma/identity');
const own = join(machine.root, 'etc/mkma/persist.rules');
const [A, B] = ['7e1c3d52-90ab-4c1d-8f3e-2b4a5c6d7e8f', '0f9e8d7c-6b5a-4938-a716-253443524160'];
const KEY = 'etc/ssh/ssh_host_ed25519_key';
const ID = 'etc/machine-id';

function write(path: string, text: string, mode = 0o600): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), text, { mode });
}

/** What systemd and sshd do at a boot without an identity. */
function makeIdentity(name: string): void {
  if (readFileSync(at(ID), 'utf8') === '') write(ID, `${name.repeat(32).slice(0, 32)}\n`);
  if (!existsSync(at(KEY))) write(KEY, `key of ${name}\n`);
}

const identity = (): string[] => [ID, KEY].map((path) => readFileSync(at(path), 'utf8').trim());
const NEW = (name: string): string[] => [name.repeat(32).slice(0, 32), `key of ${name}`];

function mkma(...args: string[]): string {
  const { code, stdout, stderr } = machine.mkma(args);
  assert.equal(code, 0, stdout + stderr);
  return stdout;
}
const persist = (...args: string[]): string => mkma('persist', ...args);
const saveIdentity = (): { layer: { layer: string; file: string }; replaces: string[]; kinds: string[] } =>
  JSON.parse(persist('--identity', '--json'));
const layerFiles = (): string[] => machine.files().filter((name) => name.startsWith('persistence.'));
const leftOut = (): (string | undefined)[] => machine.boot().map(({ problem }) => problem?.code);

beforeEach(() => {
  for (const file of [setting, own]) rmSync(file, { force: true });
  mkdirSync(dirname(setting), { recursive: true });
  machine.hardware(A);
  machine.newBase((root) => {
    mkdirSync(join(root, 'etc/ssh'), { recursive: true });
    writeFileSync(join(root, ID), '');
    writeFileSync(join(root, 'etc/hostname'), 'box\n');
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\nd:x:100:100::/:/bin/false\n');
    writeFileSync(join(root, 'etc/group'), 'root:x:0:\nd:x:100:\n');
  });
  machine.boot();
  makeIdentity('a');
});

test('it is saved, applied at later boots, replaced by a newer one, and no change that an ordinary save lists', () => {
  assert.deepEqual(saveIdentity().kinds, ['machine-id', 'ssh host keys']);
  assert.match(persist('--identity'), /^nothing to save: \d+_\d+_identity has it/m);
  assert.doesNotMatch(persist('--all', '--dry-run'), /machine-id|ssh_host/);
  const [name = ''] = layerFiles().map((file) => file.replace(/^persistence\.|\.cpio\.zst$/g, ''));
  mkma('layers', 'disable', name);
  assert.match(persist('--all', '--dry-run'), /machine-id/);
  mkma('layers', 'enable', name);
  assert.doesNotMatch(persist('--all', '--dry-run'), /machine-id/);
  machine.boot();
  makeIdentity('b');
  assert.deepEqual(identity(), NEW('a'));
  assert.match(persist('--identity'), /^nothing to save: /m);
  assert.equal(persist('--all', '--dry-run'), 'nothing to save\n');
  write('etc/hostname', 'other\n');
  const [before] = layerFiles();
  const { kinds, replaces } = saveIdentity();
  assert.deepEqual([kinds, replaces.length], [['machine-id', 'hostname', 'ssh host keys'], 1]);
  const now = layerFiles();
  assert.equal(now.length, 1);
  assert.notEqual(now[0], before);
  assert.doesNotMatch(persist('--all', '--dry-run'), /hostname/);
  assert.deepEqual(leftOut(), []);
  assert.deepEqual([...identity(), readFileSync(at('etc/hostname'), 'utf8')], [...NEW('a'), 'other\n']);
  assert.match(mkma('layers', 'list'), /_identity .* applied, identity of the machine/);
});

test('an ordinary save leaves it, and says so, unless it is named; rules that keep its folders do not name it', () => {
  write('etc/motd', 'x');
  writeFileSync(own, '[keep]\n/etc/\nclass:all\n');
  assert.match(
    persist('--all', '--level', '1'),
    /^dropped by class:identity \(.*--identity saves it\): 2 changes, .*: \/etc\/machine-id, and 1 more$/m,
  );
  machine.boot();
  makeIdentity('b');
  assert.deepEqual(identity(), NEW('b'));
  persist('--select', `/${KEY}`, '--level', '1');
  machine.boot();
  makeIdentity('c');
  assert.deepEqual(identity(), [NEW('c')[0], NEW('b')[1]]);
  assert.ok(existsSync(at('etc/motd')));
});

test('on another machine it is not applied, and that one has its own; back on the first it is', () => {
  saveIdentity();
  machine.hardware(B);
  assert.deepEqual(leftOut(), ['identity-of-another-machine']);
  makeIdentity('b');
  assert.match(
    mkma('layers', 'list'),
    /_identity .* left out by the next boot[\s\S]*identity-of-another-machine/,
  );
  assert.deepEqual(identity(), NEW('b'));
  assert.deepEqual(saveIdentity().replaces, []);
  assert.deepEqual(leftOut(), ['identity-of-another-machine']);
  assert.deepEqual(identity(), NEW('b'));
  machine.hardware(A);
  assert.deepEqual(leftOut(), ['identity-of-another-machine']);
  assert.deepEqual(identity(), NEW('a'));
  machine.hardware();
  assert.deepEqual(leftOut(), ['identity-of-another-machine', 'identity-of-another-machine']);
});

test('bound to the medium it goes with it; it replaces what is bound to this machine', () => {
  saveIdentity();
  writeFileSync(setting, '# from the definition\nmedium\n');
  assert.equal(saveIdentity().replaces.length, 1);
  machine.hardware(B);
  assert.deepEqual(leftOut(), []);
  assert.deepEqual(identity(), NEW('a'));
  writeFileSync(setting, 'both\n');
  const { code, stderr } = machine.mkma(['persist', '--identity']);
  assert.equal(code, 1);
  assert.match(stderr, /\[identity-setting-invalid\]/);
});

test('hardware without an id of its own: applied on the like, with a warning, and not where there is one', () => {
  machine.hardware('03000200-0400-0500-0006-000700080009');
  assert.match(persist('--identity'), /^warning: the firmware of this machine has no id of its own/m);
  machine.hardware();
  assert.deepEqual(leftOut(), []);
  assert.deepEqual(identity(), NEW('a'));
  machine.hardware(A);
  assert.deepEqual(leftOut(), ['identity-of-another-machine']);
});

test('a power cut before the old one went: the newer is applied, and the next save removes the other', () => {
  saveIdentity();
  const [old = ''] = layerFiles();
  machine.onStorage((root) => machine.sh(`cp "$0" /run/old`, join(root, 'images', old)));
  machine.boot();
  rmSync(at(KEY));
  write(KEY, 'another key\n');
  saveIdentity();
  machine.onStorage((root) => machine.sh(`cp /run/old "$0"`, join(root, 'images', old)));
  assert.equal(layerFiles().length, 2);
  assert.deepEqual(leftOut(), ['identity-replaced']);
  assert.equal(readFileSync(at(KEY), 'utf8'), 'another key\n');
  write('etc/hostname', 'x\n');
  assert.equal(saveIdentity().replaces.length, 2);
  assert.equal(layerFiles().length, 1);
});

test("layers made before and after it form one chain: nothing is composed, and it is nobody's predecessor", () => {
  write(
    'etc/passwd',
    'root:x:0:0::/root:/bin/sh\nd:x:100:100::/:/bin/false\nanna:x:1000:1000::/home/anna:/bin/sh\n',
    0o644,
  );
  persist('--all', '--level', '1', '--name', 'first');
  saveIdentity();
  machine.boot();
  write('srv/one', '1');
  persist('--all', '--level', '1', '--name', 'second');
  machine.boot();
  write('etc/hostname', 'x\n');
  saveIdentity();
  assert.deepEqual(
    layerFiles().map((name) => /_([a-z]+)\./.exec(name)?.[1]),
    ['first', 'second', 'identity'],
  );
  assert.deepEqual(leftOut(), []);
  const record = JSON.parse(readFileSync(join(machine.root, 'run/mkma/boot.json'), 'utf8'));
  assert.deepEqual(
    [record.composed, record.images.flatMap((one: { warnings?: string[] }) => one.warnings ?? [])],
    [undefined, []],
  );
  assert.doesNotMatch(mkma('layers', 'list'), /made (on another|after a)/);
  write('srv/two', '2');
  assert.doesNotMatch(persist('--all', '--level', '1', '--name', 'third'), /warning/);
  machine.boot();
  assert.deepEqual([...identity(), existsSync(at('srv/two'))], [...NEW('a'), true]);
  const names = JSON.parse(mkma('layers', 'list', '--json')).layers.map(
    ({ name }: { name: string }) => name,
  ) as string[];
  mkma('layers', 'drop', names[2] as string);
  machine.boot();
  makeIdentity('z');
  assert.deepEqual([...identity(), existsSync(at('srv/two'))], [...NEW('z'), true]);
});

test('of a rebuilt base its owners follow by name; what is as in the base is not saved; removals are', () => {
  write('var/lib/dhcpcd/duid', '00:01\n');
  machine.sh('chown -R 100:100 "$0"', at('var/lib/dhcpcd'));
  write(
    'var/lib/dhcp/dhclient.eth0.leases',
    'default-duid "\\000\\001";\nlease {\n  fixed-address 10.0.0.2;\n}\n',
  );
  rmSync(at('etc/hostname'));
  assert.deepEqual(saveIdentity().kinds, [
    'machine-id',
    'hostname',
    'ssh host keys',
    'DHCP identifier (dhcpcd)',
  ]);
  machine.rebuild((root) => {
    emptyBase(sharedImages(), root);
    mkdirSync(join(root, 'etc/ssh'), { recursive: true });
    writeFileSync(join(root, ID), '');
    writeFileSync(join(root, 'etc/hostname'), 'box\n');
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\nd:x:105:105::/:/bin/false\n');
    writeFileSync(join(root, 'etc/group'), 'root:x:0:\nd:x:105:\n');
  });
  assert.deepEqual(leftOut(), []);
  machine.sh('[ "$(stat -c %u:%g "$0")" = 105:105 ]', at('var/lib/dhcpcd/duid'));
  assert.equal(readFileSync(at('var/lib/dhcp/dhclient.eth0.leases'), 'utf8'), 'default-duid "\\000\\001";\n');
  assert.equal(existsSync(at('etc/hostname')), false);
});

test('other options exclude it; without anything of its own there is nothing to save', () => {
  const { code, stderr } = machine.mkma(['persist', '--identity', '--all']);
  assert.deepEqual([code, /--identity and --all exclude each other/.test(stderr)], [2, true]);
  assert.match(
    persist('--identity', '--dry-run'),
    /^would be saved, bound to this machine: machine-id, ssh host keys$/m,
  );
  assert.deepEqual(layerFiles(), []);
  machine.boot();
  assert.match(persist('--identity'), /^nothing to save: all of it is as in the base$/m);
});
