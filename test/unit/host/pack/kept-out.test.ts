/** What never gets into a base, whoever put it into the tree. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { excluded, keptOutLines, selectEntries } from '../../../../src/host/pack/kept-out.js';
import { entry, tree } from '../../core/entry.js';

const paths = (found: readonly { readonly path: string }[]): string[] => found.map(({ path }) => path);

/** What a shell with apt-get and ssh leaves, and what looks like it and stays. */
const OUT = [
  'boot/initrd.img-6.12',
  'etc/dropbear/dropbear_ed25519_host_key',
  'etc/shadow-',
  'etc/ssh/ssh_host_ed25519_key',
  'etc/ssh/ssh_host_mldsa_key.pub',
  'home/anna/.bash_history',
  'root/.wget-hsts',
  'run/lock',
  'tmp/x',
  'tmp/x/y',
  'var/cache/apt/archives/ssh_1.deb',
  'var/cache/apt/pkgcache.bin',
  'var/cache/debconf/config.dat-old',
  'var/lib/apt/lists/deb_InRelease',
  'var/lib/apt/lists/partial/half',
  'var/lib/dbus/machine-id',
  'var/lib/dhcp/dhclient.eth0.leases',
  'var/lib/dkms/mok.key',
  'var/lib/dpkg/status-old',
  'var/lib/systemd/credential.secret',
  'var/log/apt/history.log',
  'var/log/dpkg.log.1.gz',
  'var/tmp/y',
];
const IN = [
  'boot',
  'etc/apt/sources.list',
  'etc/passwd',
  'etc/ssh/ssh_host_ed25519_key-cert.pub',
  'etc/ssh/sshd_config',
  'root/.bashrc',
  'root/.ssh/id_ed25519',
  'run',
  'srv/tmp/x',
  'tmp',
  'usr/sbin/policy-rc.d',
  'var/cache/apt/archives',
  'var/cache/apt/archives/partial',
  'var/lib/apt/extended_states',
  'var/lib/apt/lists',
  'var/lib/apt/lists/partial',
  'var/log/mine.log',
];

test('identities, caches and traces stay out, everything else is packed', () => {
  const { entries, out, kinds } = selectEntries(
    tree(...[...IN, ...OUT].map((path) => entry(path, { size: 10 }))),
  );
  assert.deepEqual([...out].sort(), [...OUT].sort());
  const packed = new Set(paths(entries));
  assert.deepEqual(
    IN.filter((path) => !packed.has(path)),
    [],
  );
  assert.deepEqual(
    OUT.filter((path) => packed.has(path)),
    [],
  );
  const keys = kinds.find(({ what }) => what === 'ssh host keys');
  assert.deepEqual(keys, { what: 'ssh host keys', bytes: 30, files: 3 });
  assert.match(keptOutLines(kinds)[1] ?? '', /^ {2}not packed +230 B {2}.*ssh host keys 30 B \(3 files\)/);
});

test('what the definition puts there is packed, with the folders it lies in', () => {
  const all = [
    'etc/machine-id',
    'tmp/a',
    'tmp/a/b',
    'tmp/a/b/mine',
    'tmp/a/other',
    'etc/ssh/ssh_host_rsa_key',
  ];
  const mine = new Set(['tmp/a/b/mine', 'etc/ssh/ssh_host_rsa_key', 'etc/machine-id']);
  const found = selectEntries(tree(...all.map((path) => entry(path, { size: 1 }))), (path) => mine.has(path));
  assert.deepEqual([...found.out], ['tmp/a/other']);
  assert.deepEqual([found.emptied, found.kinds.length], [[], 1]);
});

test("mkma's own link that forbids starts is left out without a word, one of somebody else is packed", () => {
  const link = (target: string) => [entry('usr/sbin/policy-rc.d', { type: 'l', target })];
  const own = selectEntries(tree(...link('/run/mkma/policy-rc.d')));
  assert.deepEqual([[...own.out], own.kinds], [['usr/sbin/policy-rc.d'], []]);
  const merged = entry('usr/bin/policy-rc.d', { type: 'l', target: '/run/mkma/policy-rc.d' });
  assert.equal(selectEntries(tree(merged)).out.size, 1, 'where /usr/sbin is a link');
  assert.equal(selectEntries(tree(...link('/etc/alternatives/policy-rc.d'))).out.size, 0);
});

test('the machine-id is shipped as an empty file', () => {
  const found = selectEntries(tree(entry('etc/machine-id', { size: 33, mode: 0o444 })));
  const id = found.entries.find(({ path }) => path === 'etc/machine-id');
  assert.deepEqual([id?.size, id?.mode, found.emptied], [0, 0o444, ['etc/machine-id']]);
  assert.deepEqual(paths(found.kinds.map(({ what }) => ({ path: what }))), ['machine-id']);
  const empty = selectEntries(tree(entry('etc/machine-id', { size: 0 })));
  assert.deepEqual([empty.emptied, empty.kinds], [[], []]);
});

test('a program that walks the tree is told in few words, also where names are bytes', () => {
  const all = [
    'tmp',
    'tmp/a',
    'tmp/a/b',
    'tmp/\udcff',
    'lists',
    'lists/x',
    'lists/y\udcff(1)',
    'lists/partial',
    'x.y',
  ];
  const out = new Set(['tmp/a', 'tmp/a/b', 'tmp/\udcff', 'lists/x', 'lists/y\udcff(1)', 'x.y']);
  assert.deepEqual(excluded(tree(...all.map((path) => entry(path))), out), {
    paths: ['lists/x', 'x.y'],
    patterns: ['^tmp/', '^lists/y.\\(1\\)(/|$)'],
  });
});
