/** Packages and accounts are one entry each: chosen or left as a whole, whatever files they share. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, test } from 'node:test';
import { sharedImages } from './images.js';
import { emptyBase } from './packages/base.js';
import { COMMON, type Name } from './packages/generate.js';
import { Installer } from './packages/installer.js';
import { startMachine } from './persist/started.js';

const machine = startMachine(import.meta.url);
const packages = new Installer(machine);
const { debs } = packages;
const at = (path: string): string => join(machine.merged, path);

const dpkg = (root: string, ...args: string[]): string => packages.dpkg(root, ...args);
const install = (root: string, ...all: (readonly [Name | typeof COMMON, number])[]): string =>
  packages.install(root, ...all);

function installed(): string[] {
  return dpkg('/merged', '--list')
    .split('\n')
    .flatMap((line) => /^ii +(gen-\S+|needs) +(\d)/.exec(line)?.slice(1).join(' ') ?? []);
}

/** Rules of the machine. */
const own = join(machine.root, 'etc/mkma/persist.rules');
mkdirSync(dirname(own), { recursive: true });

beforeEach(() => {
  writeFileSync(own, '');
  machine.newBase(fill);
  machine.boot();
});

function fill(root: string): void {
  emptyBase(sharedImages(), root);
  install('/overlay/base', [COMMON, 1], ['gen-e', 1]);
}

/** Lines of the list, without their sizes, and what follows. */
function list(...args: string[]): string[] {
  const { code, stdout, stderr } = machine.mkma([
    'persist',
    ...(args.length > 0 ? args : ['--all']),
    '--dry-run',
  ]);
  assert.equal(code, 0, stderr);
  return (
    stdout
      .trimEnd()
      .split('\n')
      // Locks, copies and logs, which every run of dpkg leaves.
      .filter((line) => !/^would be|dpkg\/(lock|triggers|.*-old)|\/(var|lib|dpkg)$|\/var\/log/.test(line))
      .map((line) => line.replace(/^(\S+) +(-|[\d.]+ \w+) {2}/, '$1 '))
  );
}

/** What has just changed may change again within one tick of the clock, and is listed again. */
const settle = (): void => machine.sh('sleep 0.3', '');

function save(...args: string[]): void {
  settle();
  const { code, stdout, stderr } = machine.mkma(['persist', ...args, '--level', '1']);
  assert.equal(code, 0, stdout + stderr);
}

test('the list has a line for each, and nothing of what belongs to them', () => {
  install('/merged', ['gen-a', 1], ['gen-b', 2], ['gen-e', 2]);
  addAnna();
  writeFileSync(at('etc/own'), 'x');
  assert.deepEqual(list(), [
    'package gen-a 1 (new, 4 files)',
    'package gen-b 2 (new, 4 files)',
    'package gen-e 2 (was 1, 4 files)',
    'account anna (new)',
    'new /etc/own',
    'new /home/anna',
    'new /var/lib/gen/gen-a (1 file)',
  ]);
  save('--all');
  assert.deepEqual(list(), ['nothing to save']);
  dpkg('/merged', '--purge', 'gen-b');
  assert.deepEqual(list(), ['package gen-b 2 (purged)']);
});

function addAnna(): void {
  appendFileSync(at('etc/passwd'), 'anna:x:1000:1000::/home/anna:/bin/sh\n');
  appendFileSync(at('etc/group'), 'anna:x:1000:\n');
  appendFileSync(at('etc/shadow'), 'anna:!:20421:0:99999:7:::\n');
  mkdirSync(at('home/anna'));
}

test('one of two packages is saved, with its records alone; the rest later, on top', () => {
  install('/merged', ['gen-a', 1], ['gen-c', 3]);
  addAnna();
  save('--select', 'package:gen-c');
  // The other one, and what is not of a package.
  const rest = list();
  assert.deepEqual(rest.slice(0, 2), ['package gen-a 1 (new, 4 files)', 'account anna (new)']);
  assert.ok(!rest.join().includes('share/gen/gen-c'), rest.join('\n'));
  save('--select', 'account:anna');
  assert.equal(list()[0], 'package gen-a 1 (new, 4 files)');
  machine.boot();
  assert.deepEqual(installed(), ['gen-c 3', 'gen-common 1', 'gen-e 1']);
  assert.equal(dpkg('/merged', '--audit') + dpkg('/merged', '--verify'), '');
  const names = readFileSync(at('etc/passwd'), 'utf8')
    .split('\n')
    .map((line) => line.split(':')[0]);
  assert.deepEqual(names, ['root', '_gen-c', 'anna', '']);
  const questions = readFileSync(at('var/cache/debconf/config.dat'), 'utf8').match(/^Name: .*$/gm);
  assert.deepEqual(questions, ['Name: gen-e/q', 'Name: gen-c/q']);
  // The best of those that are there: not that of the package that was left.
  assert.match(readlinkSync(at('etc/alternatives/gen')), /gen-[ce]\/main$/);
  assert.ok(!existsSync(at('usr/share/gen/gen-a')));
  assert.deepEqual(list(), ['nothing to save']);
});

test('what a package needs is kept with it, or both are left', () => {
  install('/merged', ['gen-a', 1], ['gen-b', 2]);
  const { code, stderr } = machine.mkma(['persist', '--select', 'package:gen-b']);
  assert.equal(code, 1);
  assert.match(stderr, /^error: gen-b needs gen-a, which would not be there: .* \[package-needs-another\]\n/);
  save('--select', 'package:gen-*');
  machine.boot();
  assert.deepEqual(installed(), ['gen-a 1', 'gen-b 2', 'gen-common 1', 'gen-e 1']);
});

test('of an upgrade that was left, nothing is saved; what the editor keeps is', () => {
  install('/merged', ['gen-e', 4], ['gen-d', 1]);
  settle();
  const editor = join(machine.root, 'usr/bin/without');
  writeFileSync(editor, '#!/bin/sh\nsed -n -i /gen-d/p "$1"\n', { mode: 0o755 });
  const { code, stdout, stderr } = machine.mkma(['persist', '--level', '1'], { EDITOR: '/usr/bin/without' });
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /^saved 1 change as /m);
  assert.deepEqual(list(), ['package gen-e 4 (was 1, 5 files)']);
  machine.boot();
  assert.deepEqual(installed(), ['gen-common 1', 'gen-d 1', 'gen-e 1']);
  assert.equal(dpkg('/merged', '--audit') + dpkg('/merged', '--verify'), '');
  assert.equal(readFileSync(at('usr/share/gen/shared'), 'utf8'), 'diverted by 1\n');
  assert.equal(lstatSync(at('usr/share/gen/gen-e/main')).mode & 0o777, 0o700);
});

test('a kernel is left, with all that its scripts made, and said; named, it is saved', () => {
  const tree = join(machine.root, 'tmp/kernel');
  const files = { 'boot/vmlinuz-9.9.9': 'x', 'usr/lib/modules/9.9.9/modules.order': 'x' };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  }
  mkdirSync(join(tree, 'DEBIAN'));
  const control =
    'Package: linux-image-9.9.9\nVersion: 1\nArchitecture: all\nMaintainer: x <x@x>\nDescription: x\n';
  writeFileSync(join(tree, 'DEBIAN/control'), control);
  spawnSync('dpkg-deb', ['--root-owner-group', '--build', tree, join(debs, 'kernel.deb')]);
  dpkg('/merged', '--install', '/tmp/debs/kernel.deb');
  // A package that needs it is no reason to save nothing.
  mkdirSync(join(machine.root, 'tmp/needs/DEBIAN'), { recursive: true });
  const needs = control
    .replace('linux-image-9.9.9', 'needs')
    .replace('Version', 'Depends: linux-image-9.9.9\nVersion');
  writeFileSync(join(machine.root, 'tmp/needs/DEBIAN/control'), needs);
  spawnSync('dpkg-deb', [
    '--root-owner-group',
    '--build',
    join(machine.root, 'tmp/needs'),
    join(debs, 'needs.deb'),
  ]);
  dpkg('/merged', '--install', '/tmp/debs/needs.deb');
  writeFileSync(at('boot/initrd.img-9.9.9'), 'large');
  writeFileSync(at('usr/lib/modules/9.9.9/modules.dep'), 'x');
  writeFileSync(at('etc/own'), 'x');
  settle();
  const { stdout } = machine.mkma(['persist', '--all', '--level', '1']);
  assert.match(
    stdout,
    /^warning: linux-image-9\.9\.9 is not saved: kernels come from the build \(mkma build\), /,
  );
  machine.boot();
  assert.deepEqual([existsSync(at('boot')), existsSync(at('etc/own'))], [false, true]);
  assert.deepEqual(installed(), ['gen-common 1', 'gen-e 1', 'needs 1']);
  dpkg('/merged', '--install', '/tmp/debs/kernel.deb');
  save('--select', 'package:linux-image-*');
  machine.boot();
  assert.equal(readFileSync(at('boot/vmlinuz-9.9.9'), 'utf8'), 'x');
  assert.match(dpkg('/merged', '--list'), /\nii +linux-image-9\.9\.9 /);
});

test('a folder that was there, and a file of configuration that was edited, have lines of their own', () => {
  install('/merged', ['gen-e', 2]);
  chmodSync(at('usr/share/gen'), 0o700);
  writeFileSync(at('etc/gen/gen-e.conf'), 'mine\n');
  settle();
  assert.ok(list().some((line) => line === 'changed /usr/share/gen'));
  assert.ok(list().some((line) => line === 'changed /etc/gen/gen-e.conf'));
  // Without the upgrade both are kept.
  save('--deselect', 'package:gen-e');
  machine.boot();
  assert.equal(lstatSync(at('usr/share/gen')).mode & 0o777, 0o700);
  assert.equal(readFileSync(at('etc/gen/gen-e.conf'), 'utf8'), 'mine\n');
  assert.deepEqual(installed(), ['gen-common 1', 'gen-e 1']);
});

test('patterns that match a part of a package say so', () => {
  install('/merged', ['gen-a', 1]);
  const { stdout } = machine.mkma(['persist', '--select', '/usr/share', '--dry-run']);
  assert.match(
    stdout,
    /^warning: \/usr\/share\/gen\/gen-a\S* is not saved: it belongs to the package gen-a; --select package:gen-a chooses it$/m,
  );
  const dropped = machine.mkma(['persist', '--deselect', '/etc/gen', '--dry-run']);
  assert.match(
    dropped.stdout,
    /^warning: \/etc\/gen\/gen-a\.conf is saved with its package gen-a; --deselect package:gen-a leaves it$/m,
  );
});

test('an account that no script of a package names is a line of its own, also beside one package', () => {
  install('/merged', ['gen-c', 1]);
  appendFileSync(at('etc/passwd'), 'backupd:x:990:990::/:/bin/false\n');
  appendFileSync(at('etc/group'), 'backupd:x:990:\n');
  assert.deepEqual(list().slice(0, 2), ['package gen-c 1 (new, 3 files)', 'account backupd (new)']);
});

test('files of packages changed by hand are marked: in a new package, and by their package', () => {
  install('/merged', ['gen-a', 1], ['gen-c', 1]);
  settle();
  writeFileSync(at('usr/share/gen/gen-a/main'), 'by hand');
  // A new time alone is no change.
  machine.sh('touch "$0"', at('usr/share/gen/gen-c/main'));
  writeFileSync(at('usr/share/gen/gen-e/main'), 'by hand');
  writeFileSync(at('etc/gen/gen-e.conf'), 'edited');
  writeFileSync(at('usr/share/gen/other'), 'nobody owns it');
  const lines = list();
  assert.deepEqual(
    lines.filter((line) => !line.includes('/var/')),
    [
      'package gen-a 1 (new, 4 files, 1 changed by hand)',
      'package gen-c 1 (new, 3 files)',
      'changed /etc/gen/gen-e.conf',
      'changed /usr/share/gen/gen-e/main (of package gen-e)',
      'new /usr/share/gen/other',
    ],
  );
  save('--all');
  writeFileSync(at('usr/share/gen/gen-c/main'), 'by hand later');
  assert.deepEqual(list(), ['changed /usr/share/gen/gen-c/main (of package gen-c)']);
});

test('a package that dpkg has not finished with is left, and what needs it, unless it is named', () => {
  install('/merged', ['gen-c', 1]);
  dpkg('/merged', '--unpack', '/tmp/debs/gen-a_1_all.deb', '/tmp/debs/gen-b_2_all.deb');
  const said = machine.mkma(['persist', '--all', '--dry-run']).stdout;
  for (const name of ['gen-a', 'gen-b'])
    assert.match(
      said,
      new RegExp(
        `^warning: ${name} is not saved \\[package-unfinished\\]; *why: dpkg has not finished with it: unpacked`,
        'm',
      ),
    );
  const packages = (...args: string[]): string[] =>
    list(...args).filter((line) => line.startsWith('package'));
  assert.deepEqual(packages(), ['package gen-c 1 (new, 3 files)']);
  assert.deepEqual(packages('--select', 'package:gen-a'), ['package gen-a 1 (unpacked, 2 files)']);
  writeFileSync(own, '[keep]\npackage:gen-a\n');
  assert.deepEqual(packages(), ['package gen-a 1 (unpacked, 2 files)', 'package gen-c 1 (new, 3 files)']);
  writeFileSync(own, '');
  save('--all');
  machine.boot();
  assert.deepEqual(installed(), ['gen-c 1', 'gen-common 1', 'gen-e 1']);
  assert.equal(dpkg('/merged', '--audit'), '');
});

test('rules drop packages and accounts, with those that need them, and say so', () => {
  install('/merged', ['gen-a', 1], ['gen-c', 1]);
  install('/merged', ['gen-b', 2]);
  addAnna();
  writeFileSync(own, '[drop]\n# made elsewhere\npackage:gen-a\nclass:accounts\n');
  const said = machine.mkma(['persist', '--all', '--dry-run']).stdout;
  assert.match(
    said,
    /^dropped by package:gen-a \(\/etc\/mkma\/persist\.rules:3: made elsewhere\): 1 change, [\d.]+ KiB: package gen-a$/m,
  );
  assert.match(said, /^dropped by class:accounts \(.*:4\): 1 change, 0 B: account anna$/m);
  assert.match(said, /^warning: gen-b is not saved: without it is gen-a$/m);
  assert.deepEqual(
    list().filter((line) => /^(package|account)/.test(line)),
    ['package gen-c 1 (new, 3 files)'],
  );
  save('--all');
  machine.boot();
  assert.deepEqual(installed(), ['gen-c 1', 'gen-common 1', 'gen-e 1']);
  assert.equal(dpkg('/merged', '--audit') + dpkg('/merged', '--verify'), '');
});

test('what needs another version of a package that a rule drops is left with it, also when nobody is asked', () => {
  const tree = join(debs, 'newer');
  mkdirSync(join(tree, 'DEBIAN'), { recursive: true });
  const control = [
    ...['Package: newer', 'Version: 1', 'Architecture: all', 'Maintainer: T <t@example.org>'],
    ...['Depends: gen-e (>= 2)', 'Description: test', ''],
  ];
  writeFileSync(join(tree, 'DEBIAN/control'), control.join('\n'));
  spawnSync('dpkg-deb', ['--root-owner-group', '--build', tree, join(debs, 'newer.deb')]);
  install('/merged', ['gen-e', 2], ['gen-c', 1]);
  dpkg('/merged', '--install', '/tmp/debs/newer.deb');
  writeFileSync(own, '[drop]\npackage:gen-e\n[auto]\nevery 1s\n');
  const { code, stdout, stderr } = machine.mkma(['persist', '--auto']);
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout + stderr, /newer is not saved: without it is gen-e \(>= 2\)/);
  machine.boot();
  assert.deepEqual(installed(), ['gen-c 1', 'gen-common 1', 'gen-e 1']);
  assert.equal(dpkg('/merged', '--audit') + dpkg('/merged', '--verify'), '');
});

test('an account that was there before the package that names it goes along, also if it has no files', () => {
  machine.newBase((root) => {
    fill(root);
    appendFileSync(join(root, 'etc/passwd'), '_gen-c:x:150:150::/:/bin/false\n');
    appendFileSync(join(root, 'etc/group'), '_gen-c:x:150:\n');
    appendFileSync(join(root, 'etc/shadow'), '_gen-c:!:20421::::::\n');
  });
  machine.boot();
  install('/merged', ['gen-c', 1]);
  save('--select', 'package:gen-c');
  machine.rebuild(fill);
  machine.boot();
  assert.deepEqual(installed(), ['gen-c 1', 'gen-common 1', 'gen-e 1']);
  for (const file of ['passwd', 'group', 'shadow'])
    assert.match(readFileSync(at(`etc/${file}`), 'utf8'), /^_gen-c:/m, file);
});
