/** Packages where layers are dropped, merged or applied to other bases: nothing of theirs is missing, or left. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
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
const at = (path: string): string => join(machine.merged, path);
const SHARE = 'usr/share/gen';

type Versions = readonly (readonly [Name, number])[];

function fillWith(...versions: Versions): (root: string) => void {
  return (root) => {
    emptyBase(sharedImages(), root);
    packages.install('/overlay/base', [COMMON, 1], ...versions);
  };
}

beforeEach(() => {
  machine.newBase(fillWith());
  machine.boot();
});

function boot(): void {
  assert.deepEqual(machine.boot(), []);
}

/** A layer of all changes since the last one; returns its name. Then the machine is booted again. */
function save(format: 'cpio' | 'erofs' = 'cpio'): string {
  machine.sh('sleep 0.3', '');
  const args = ['persist', '--all', '--level', '1', '--format', format, '--json'];
  const { code, stdout, stderr } = machine.mkma(args);
  assert.equal(code, 0, stdout + stderr);
  boot();
  return (JSON.parse(stdout) as { layer: { layer: string } }).layer.layer;
}

function drop(name: string): void {
  const { code, stderr } = machine.mkma(['layers', 'drop', '--force', name]);
  assert.equal(code, 0, stderr);
}

function mergeAll() {
  return machine.mkma(['layers', 'merge', '..', '--level', '1', '--json']);
}

/** These packages are there, whole, and nothing else is in their folder. */
function isWhole(versions: Versions, others: readonly string[] = ['shared']): void {
  assert.deepEqual(
    packages.installed('/merged'),
    versions.map(([name, version]) => `${name} ${version}`),
  );
  assert.equal(packages.dpkg('/merged', '--audit') + packages.dpkg('/merged', '--verify'), '');
  const names = readdirSync(at(SHARE)).sort();
  assert.deepEqual(names, [...versions.map(([name]) => name), ...others]);
  for (const [name, version] of versions) {
    const own = [...(version % 2 === 0 ? ['even'] : []), 'main', `v${version}`];
    assert.deepEqual(readdirSync(at(`${SHARE}/${name}`)).sort(), own, name);
  }
}

test('what was moved away and came back is no change, in either format', () => {
  packages.install('/merged', ['gen-d', 1]);
  packages.purge('/merged', 'gen-d');
  machine.sh('sleep 0.3', '');
  for (const format of ['cpio', 'erofs']) {
    const { stdout } = machine.mkma(['persist', '--all', '--dry-run', '--expand', '--format', format]);
    assert.doesNotMatch(stdout, /shared/, format);
  }
});

test('a file that a package moved away is whole in its layer: another base has it elsewhere', () => {
  machine.newBase(fillWith(['gen-d', 4]));
  boot();
  packages.purge('/merged', 'gen-d');
  packages.install('/merged', ['gen-d', 1]);
  chmodSync(at(`${SHARE}/shared.real`), 0o640);
  save();
  for (const others of [[], [['gen-d', 2]]] as const) {
    machine.rebuild(fillWith(...others));
    boot();
    isWhole([['gen-d', 1]], ['shared', 'shared.real']);
    assert.equal(readFileSync(at(`${SHARE}/shared.real`), 'utf8'), 'shared\n');
    assert.equal(statSync(at(`${SHARE}/shared.real`)).mode & 0o777, 0o640);
    assert.equal(readFileSync(at(`${SHARE}/shared`), 'utf8'), 'diverted by 1\n');
  }
});

test('a folder that went with the last package in it hides no others, where they are there again', () => {
  for (const format of ['cpio', 'erofs'] as const) {
    machine.newBase(fillWith(['gen-a', 3]));
    boot();
    packages.install('/merged', ['gen-d', 3]);
    packages.purge('/merged', 'gen-a');
    const dropped = save(format);
    packages.purge('/merged', 'gen-d');
    save(format);
    assert.equal(existsSync(at('etc/gen')), false);
    drop(dropped);
    boot();
    isWhole([['gen-a', 3]]);
    assert.equal(readFileSync(at('etc/gen/gen-a.conf'), 'utf8'), 'conf gen-a 3\n');
    assert.equal(readlinkSync(at('usr/bin/gen')), '/etc/alternatives/gen');
    assert.equal(readlinkSync(at('etc/alternatives/gen')), `/${SHARE}/gen-a/main`);
  }
});

test('a package that was removed and installed again has nothing of its version below', () => {
  machine.newBase(fillWith(['gen-d', 4]));
  boot();
  packages.purge('/merged', 'gen-d');
  save();
  packages.install('/merged', ['gen-d', 1]);
  save();
  machine.rebuild(fillWith(['gen-d', 2]));
  boot();
  isWhole([['gen-d', 1]], ['shared', 'shared.real']);
});

test('a folder that was empty when it went hides nothing, also if no package came or went', () => {
  packages.install('/merged', ['gen-c', 4]);
  packages.purge('/merged', 'gen-c');
  save();
  assert.equal(existsSync(at('etc/gen')), false);
  machine.rebuild(fillWith(['gen-a', 1]));
  boot();
  isWhole([['gen-a', 1]]);
  assert.equal(readFileSync(at('etc/gen/gen-a.conf'), 'utf8'), 'conf gen-a 1\n');
});

test('merged, such a folder hides nothing either, whether it is there again or not', () => {
  packages.install('/merged', ['gen-c', 4]);
  packages.purge('/merged', 'gen-c');
  save();
  machine.rebuild(fillWith(['gen-a', 1]));
  boot();
  packages.install('/merged', ['gen-e', 1]);
  save();
  assert.equal(mergeAll().code, 0);
  boot();
  isWhole([
    ['gen-a', 1],
    ['gen-e', 1],
  ]);
  packages.purge('/merged', 'gen-e');
  packages.install('/merged', ['gen-a', 2]);
  save();
  assert.equal(mergeAll().code, 0);
  machine.rebuild(fillWith(['gen-a', 1], ['gen-c', 1]));
  boot();
  isWhole([
    ['gen-a', 2],
    ['gen-c', 1],
  ]);
});

test('what was deleted by hand stays deleted: of a package that was there', () => {
  machine.newBase(fillWith(['gen-a', 3]));
  boot();
  packages.install('/merged', ['gen-e', 1]);
  machine.sh('rm -r "$0"', at('etc/gen'));
  save();
  machine.rebuild(fillWith(['gen-a', 3], ['gen-c', 1]));
  boot();
  assert.equal(existsSync(at('etc/gen/gen-a.conf')), false);
  assert.equal(readFileSync(at('etc/gen/gen-c.conf'), 'utf8'), 'conf gen-c 1\n');
});

test('merged layers that were not made on each other have no file of a version that they lack', () => {
  packages.install('/merged', ['gen-a', 4]);
  save();
  packages.purge('/merged', 'gen-a');
  const dropped = save();
  packages.install('/merged', ['gen-a', 1]);
  save('erofs');
  drop(dropped);
  boot();
  isWhole([['gen-a', 1]]);
  const { code, stdout } = mergeAll();
  assert.equal(code, 0, stdout);
  boot();
  isWhole([['gen-a', 1]]);
});

test('a layer that hides files of a package that it has not seen is not merged, and boots show them', () => {
  packages.install('/merged', ['gen-c', 1]);
  save();
  packages.install('/merged', ['gen-d', 3]);
  packages.purge('/merged', 'gen-c');
  const dropped = save();
  packages.purge('/merged', 'gen-d');
  save();
  drop(dropped);
  boot();
  isWhole([['gen-c', 1]]);
  const { stdout } = mergeAll();
  assert.match(stdout, /"layer-not-mergeable".*etc\/gen\/gen-c.conf, of a package that it has not seen/s);
  boot();
  isWhole([['gen-c', 1]]);
});

/** Adds a file to a package that is installed in a tree. */
function addFile(root: string, name: string, path: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), 'added');
  const list = join(root, `var/lib/dpkg/info/${name}.list`);
  const parts = path.split('/');
  const above = parts.map((_, i) => `/${parts.slice(0, i + 1).join('/')}`);
  const known = readFileSync(list, 'utf8').trimEnd().split('\n');
  writeFileSync(list, `${[...known, ...above.filter((one) => !known.includes(one))].join('\n')}\n`);
}

function baseWith(more: (root: string) => void, ...versions: Versions): (root: string) => void {
  return (root) => {
    fillWith(...versions)(root);
    more(root);
  };
}

test('of a package that the layer has in another version, such a folder stays hidden', () => {
  machine.newBase(baseWith((root) => mkdirSync(join(root, 'usr/share/zz')), ['gen-a', 1]));
  boot();
  packages.install('/merged', ['gen-a', 3]);
  rmdirSync(at('usr/share/zz'));
  save();
  machine.rebuild(baseWith((root) => addFile(root, 'gen-a', 'usr/share/zz/x'), ['gen-a', 1]));
  boot();
  assert.deepEqual([packages.installed('/merged'), existsSync(at('usr/share/zz/x'))], [['gen-a 3'], false]);
});

test('a folder that two layers deleted hides nothing either', () => {
  machine.newBase(fillWith(['gen-a', 3]));
  boot();
  packages.purge('/merged', 'gen-a');
  save();
  packages.install('/merged', ['gen-a', 3]);
  save('erofs');
  packages.purge('/merged', 'gen-a');
  save('erofs');
  machine.rebuild(fillWith(['gen-a', 3], ['gen-c', 1]));
  boot();
  isWhole([['gen-c', 1]]);
  assert.equal(existsSync(at('etc/gen/gen-c.conf')), true);
});

test('lists with paths through links of the root, and with paths that are none', () => {
  const merged = (root: string): void => {
    mkdirSync(join(root, 'usr/lib/zz'), { recursive: true });
    symlinkSync('usr/lib', join(root, 'lib'));
  };
  machine.newBase(baseWith(merged, ['gen-a', 1]));
  boot();
  packages.install('/merged', ['gen-e', 1]);
  rmdirSync(at('usr/lib/zz'));
  save();
  machine.rebuild(
    baseWith(
      (root) => {
        merged(root);
        addFile(root, 'gen-c', 'lib/zz/x');
        appendFileSync(join(root, 'var/lib/dpkg/info/gen-c.list'), '/lib/zz/../../../../init\n/lib/zz//x\n');
      },
      ['gen-a', 1],
      ['gen-c', 1],
    ),
  );
  boot();
  assert.equal(readFileSync(at('usr/lib/zz/x'), 'utf8'), 'added');
});

test('a merge that would lose what boots show is refused, also without packages of its own, and of the base', () => {
  machine.newBase(baseWith((root) => mkdirSync(join(root, 'opt'))));
  boot();
  packages.install('/merged', ['gen-a', 1]);
  addFile(machine.merged, 'gen-a', 'opt/gen');
  save();
  rmSync(at('opt/gen'));
  const removed = save();
  rmdirSync(at('opt'));
  save();
  drop(removed);
  boot();
  assert.equal(existsSync(at('opt/gen')), true);
  assert.match(mergeAll().stdout, /"layer-not-mergeable".*\/opt\/gen, of a package that it has not seen/s);

  machine.newBase(fillWith(['gen-a', 3]));
  boot();
  packages.install('/merged', ['gen-d', 3]);
  packages.purge('/merged', 'gen-a');
  const purged = save();
  packages.purge('/merged', 'gen-d');
  save();
  drop(purged);
  boot();
  packages.install('/merged', ['gen-e', 1]);
  save();
  isWhole([
    ['gen-a', 3],
    ['gen-e', 1],
  ]);
  assert.match(mergeAll().stdout, /"layer-not-mergeable".*\/etc\/gen.*, of a package that it has not seen/s);
});

test('merged, what was deleted by hand in a folder that went later stays deleted', () => {
  const fill = baseWith((root) => addFile(root, 'gen-a', 'usr/share/zz/x'), ['gen-a', 1]);
  machine.newBase(fill);
  boot();
  rmSync(at('usr/share/zz/x'));
  save();
  rmdirSync(at('usr/share/zz'));
  packages.install('/merged', ['gen-e', 1]);
  save();
  for (const merges of [false, true]) {
    if (merges) assert.equal(mergeAll().code, 0);
    machine.rebuild(fill);
    boot();
    assert.equal(existsSync(at('usr/share/zz/x')), false);
  }
});

test('state of a package that is gone does not become that of the next one installed', () => {
  machine.newBase(fillWith(['gen-a', 1]));
  boot();
  writeFileSync(at('var/lib/gen/gen-a/data'), 'changed\n');
  save();
  machine.rebuild(fillWith());
  boot();
  const owner = (name: string): number => lstatSync(at(`var/lib/gen/${name}/data`)).uid;
  const nobodys = owner('gen-a');
  // Reverted, what lies below comes back.
  packages.install('/merged', ['gen-a', 1]);
  assert.equal(machine.mkma(['revert', 'gen-a']).code, 0);
  assert.equal(owner('gen-a'), nobodys);
  packages.install('/merged', ['gen-c', 1]);
  assert.notEqual(owner('gen-c'), nobodys);
  save();
  assert.equal(owner('gen-a'), nobodys);
  assert.notEqual(owner('gen-c'), nobodys);
  // Installed again, it has its state back at the next boot.
  packages.install('/merged', ['gen-a', 1]);
  save();
  const [, , account] = /^_gen-a:([^:]*):(\d+)/m.exec(readFileSync(at('etc/passwd'), 'utf8')) ?? [];
  assert.equal(owner('gen-a'), Number(account));
});

test('what belongs to the account of a package goes with it; files of people have to be named', () => {
  packages.install('/merged', ['gen-a', 2], ['gen-e', 1]);
  assert.equal(existsSync(at('var/lib/gen/gen-a/data')), true);
  const revert = (...words: string[]) => machine.mkma(['revert', '--json', ...words]);
  assert.equal(revert('gen-a').code, 0);
  assert.equal(existsSync(at('var/lib/gen/gen-a')), false);
  isWhole([['gen-e', 1]]);
  appendFileSync(at('etc/passwd'), 'anna:x:1000:1000::/home/anna:/bin/sh\n');
  appendFileSync(at('etc/group'), 'anna:x:1000:\n');
  mkdirSync(at('home/anna'));
  writeFileSync(at('home/anna/file'), 'hers');
  machine.sh('chown -R 1000:1000 "$0"', at('home/anna'));
  const refused = revert('account:anna');
  assert.match(refused.stdout, /"revert-leaves-files".*mkma revert account:anna \/home\/anna/s);
  assert.equal(readFileSync(at('home/anna/file'), 'utf8'), 'hers');
  const done = revert('account:anna', '/home/anna');
  assert.equal(done.code, 0, done.stdout);
  assert.doesNotMatch(readFileSync(at('etc/passwd'), 'utf8'), /anna/);
  assert.equal(existsSync(at('home/anna')), false);
});

test('reverting a package takes nothing of other people along: neither for its group nor in its folder', () => {
  packages.install('/merged', ['gen-a', 2]);
  const group = /^_gen-a:[^:]*:(\d+)/m.exec(readFileSync(at('etc/group'), 'utf8'))?.[1] ?? '';
  mkdirSync(at('home/project'));
  writeFileSync(at('home/project/file'), 'hers');
  machine.sh(`chown -R 1000:${group} "$0"`, at('home/project'));
  const revert = (...words: string[]) => machine.mkma(['revert', '--json', ...words]);
  assert.match(revert('gen-a').stdout, /"revert-leaves-files".*mkma revert package:gen-a \/home\/project/s);
  // A folder that another package needs stays.
  packages.install('/merged', ['gen-e', 1]);
  machine.sh('chown -R 1000:1000 "$0"', at('home/project'));
  writeFileSync(at('var/lib/gen/gen-a/site'), 'a site');
  machine.sh('chown 1000:1000 "$0"', at('var/lib/gen/gen-a/site'));
  assert.match(
    revert('gen-a').stdout,
    /"revert-leaves-files".*mkma revert package:gen-a \/var\/lib\/gen\/gen-a\/site/s,
  );
  assert.equal(readFileSync(at('var/lib/gen/gen-a/site'), 'utf8'), 'a site');
  assert.equal(revert('gen-a', '/var/lib/gen/gen-a').code, 0);
  assert.equal(existsSync(at('var/lib/gen/gen-a')), false);
  assert.equal(readFileSync(at('home/project/file'), 'utf8'), 'hers');
  isWhole([['gen-e', 1]]);
});
