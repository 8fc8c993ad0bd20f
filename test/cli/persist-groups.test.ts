/** What belongs together is kept or left as one; limits, classes and secrets, on a machine. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, test } from 'node:test';
import { startMachine } from './persist/started.js';

const machine = startMachine(import.meta.url);
const at = (path: string): string => join(machine.merged, path);
const own = join(machine.root, 'etc/mkma/persist.rules');
const defined = join(machine.root, 'usr/lib/mkma/definition.rules');

function put(path: string, bytes = 1000): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), 'x'.repeat(bytes));
}

const PROFILE = 'home/anna/.mozilla/firefox/x.default';

beforeEach(() => {
  machine.newBase((root) => {
    for (const folder of ['etc', 'srv', 'root', PROFILE]) mkdirSync(join(root, folder), { recursive: true });
    writeFileSync(join(root, PROFILE, 'prefs.js'), 'base');
    writeFileSync(join(root, 'srv/a.db'), 'base');
  });
  machine.boot();
  mkdirSync(dirname(own), { recursive: true });
  writeFileSync(own, '');
  writeFileSync(defined, '');
});

function persist(...args: string[]): string {
  const { code, stdout, stderr } = machine.mkma(['persist', ...args]);
  assert.equal(code, 0, stdout + stderr);
  return stdout;
}

/** Lines of what would be saved. */
function list(...args: string[]): string[] {
  return persist(...(args.length === 0 ? ['--all'] : args), '--dry-run')
    .split('\n')
    .filter((line) => /^[a-z]+ +(-|[\d.]+ \w+) {2}/.test(line))
    .map((line) => line.replace(/ +/g, ' '));
}

function save(...args: string[]): string {
  machine.sh('sleep 0.3', '');
  return persist(...args, '--level', '1');
}

const there = (...paths: string[]): boolean[] => paths.map((path) => existsSync(at(path)));

test('a database and what is beside it are chosen as one, by any of them; rules take all or nothing', () => {
  put('srv/a.db');
  put('srv/a.db-wal');
  put('srv/other');
  assert.deepEqual(list(), ['database 1.95 KiB /srv/a.db (2 files)', 'new 1000 B /srv/other']);
  assert.deepEqual(list('--select', '/srv/a.db-wal'), ['database 1.95 KiB /srv/a.db (2 files)']);
  assert.deepEqual(list('--deselect', '*.db'), ['new 1000 B /srv/other']);
  assert.match(
    persist('--deselect', '*-wal', '--dry-run'),
    /^database.*\n(?:.*\n)*warning: \/srv\/a\.db-wal is saved with the database \/srv\/a\.db; --deselect \/srv\/a\.db leaves it$/m,
  );
  writeFileSync(own, '[drop]\n*-wal\n');
  const said = persist('--all', '--dry-run');
  assert.match(
    said,
    /^warning: \*-wal \(\/etc\/mkma\/persist\.rules:2\) does nothing to \/srv\/a\.db-wal, a part of the database \/srv\/a\.db$/m,
  );
  assert.match(said, /^database +1\.95 KiB/m);
  writeFileSync(own, '[drop]\n*.db\n');
  assert.deepEqual(list(), ['new 1000 B /srv/other']);
});

test('a profile is one line that stands for all in it but caches; what joins it while it is chosen comes along', () => {
  put(`${PROFILE}/places.sqlite`);
  put(`${PROFILE}/logins.json`);
  put(`${PROFILE}/startupCache/x`);
  put(`${PROFILE}/.parentlock`);
  put(`${PROFILE}/storage/permanent/big`, 5000);
  const line = `profile 6.84 KiB /${PROFILE} (3 files, secret)`;
  assert.deepEqual(list(), [line]);
  writeFileSync(own, '[drop]\nstorage/\n');
  assert.deepEqual(list(), [`profile 1.95 KiB /${PROFILE} (2 files, secret)`]);
  writeFileSync(own, '');
  const editor = join(machine.root, 'usr/bin/joining');
  writeFileSync(editor, `#!/bin/sh\necho >/merged/${PROFILE}/places.sqlite-wal\n`, { mode: 0o755 });
  machine.sh('sleep 0.3', '');
  const { code, stdout, stderr } = machine.mkma(['persist', '--level', '1'], { EDITOR: '/usr/bin/joining' });
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /^1 of these is a secret: whoever has the medium can read it, unless it is encrypted$/m,
  );
  machine.boot();
  const names = ['places.sqlite', 'places.sqlite-wal', 'logins.json', 'startupCache', '.parentlock'];
  assert.deepEqual(there(...names.map((name) => `${PROFILE}/${name}`)), [true, true, true, false, false]);
});

test('a line of a group that is deleted leaves all of it', () => {
  put('srv/a.db');
  put('srv/a.db-wal');
  put('root/kept/x');
  const editor = join(machine.root, 'usr/bin/leaving');
  writeFileSync(editor, '#!/bin/sh\nsed -i "/^database/d" "$1"\n', { mode: 0o755 });
  machine.sh('sleep 0.3', '');
  const { code, stderr } = machine.mkma(['persist', '--level', '1'], { EDITOR: '/usr/bin/leaving' });
  assert.equal(code, 0, stderr);
  machine.boot();
  assert.equal(readFileSync(at('srv/a.db'), 'utf8'), 'base');
  assert.deepEqual(there('srv/a.db-wal', 'root/kept/x'), [false, true]);
});

test('limits: too large a file takes its group along; the largest are left until the rest fits; what a rule names is kept', () => {
  put('srv/a.db', 3000);
  put('srv/a.db-wal', 100);
  put('srv/b', 2500);
  put('srv/c', 700);
  put('srv/named', 900);
  writeFileSync(own, '[limits]\nlargest-file 2999\n');
  assert.deepEqual(
    list().map((line) => line.split(' ').at(-1)),
    ['/srv/b', '/srv/c', '/srv/named'],
  );
  writeFileSync(own, '[keep]\n/srv/named\n[limits]\nlargest-layer 1700\n');
  const said = persist('--all', '--dry-run');
  assert.match(
    said,
    /^dropped as the largest of more than 1\.66 KiB \(largest-layer, \/etc\/mkma\/persist\.rules:4\): 3 changes, 5\.47 KiB: \/srv\/a\.db, and 2 more$/m,
  );
  assert.deepEqual(list(), ['new 700 B /srv/c', 'new 900 B /srv/named']);
  writeFileSync(own, '[limits]\nlargest-file 2M\nlargest-layer 1M\n');
  const { code, stderr } = machine.mkma(['persist', '--all', '--level', '1']);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /largest-file, \/etc\/mkma\/persist\.rules:2 and largest-layer, \/etc\/mkma\/persist\.rules:3 \[limits-contradict\]/,
  );
  assert.deepEqual(machine.files(), ['base.cpio.zst']);
});

test('classes: all is dropped but homes and configuration; a pattern counts more; the definition less than the machine', () => {
  put('root/a');
  put('root/.cache/x');
  put('etc/b');
  put('srv/c');
  put('var/d');
  writeFileSync(defined, '[drop]\nclass:all\n[keep]\nclass:homes\nclass:configuration\n');
  assert.deepEqual(list(), ['new 1000 B /etc/b', 'new 1000 B /root/a']);
  writeFileSync(own, '[keep]\nclass:state\n[drop]\n/root/a\n');
  assert.deepEqual(list(), ['new 1000 B /etc/b', 'new 1000 B /srv/c', 'new 1000 B /var (1 file)']);
  assert.match(persist('--explain', '/srv/c'), /^kept: by class:state \(\/etc\/mkma\/persist\.rules:2\)$/m);
  assert.match(
    persist('--explain', '/usr/x'),
    /^dropped: by class:all \(\/usr\/lib\/mkma\/definition\.rules:2\)$/m,
  );
  assert.match(persist('--explain', 'package:htop'), /^dropped: by class:all/);
  assert.deepEqual(list('--select', 'class:homes', '--deselect', '.cache'), ['new 1000 B /root/a']);
  const { code, stderr } = machine.mkma(['persist', '--select', 'class:home']);
  assert.equal(code, 2);
  assert.match(stderr, /\[pattern-invalid\]\n {2}why: no such class: they are class:all, /);
});

test('secrets are marked in the list and in JSON', () => {
  mkdirSync(at('root/.ssh'));
  put('root/.ssh/id_ed25519');
  put('etc/ssl/private/server.key');
  put('etc/plain');
  assert.deepEqual(list(), [
    'new 1000 B /etc/plain',
    'new 1000 B /etc/ssl (1 file, secret)',
    'new 1000 B /root/.ssh (1 file, secret)',
  ]);
  const { changes, secrets } = JSON.parse(persist('--all', '--dry-run', '--json')) as {
    changes: { path: string; secret?: true }[];
    secrets: number;
  };
  assert.deepEqual(
    changes.flatMap(({ path, secret }) => (secret === true ? [path] : [])),
    ['/etc/ssl/private/server.key', '/root/.ssh/id_ed25519'],
  );
  assert.equal(secrets, 2);
  assert.match(save('--all'), /^2 of these are secrets: whoever has the medium can read them/m);
});
