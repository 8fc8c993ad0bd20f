/** What layers tell of accounts and packages, made by the machine's program, against what the host tells of the base. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, test } from 'node:test';
import { fitOf, type RecordState, type Records, stacked } from '../../src/core/records/records.js';
import { recordsOf } from '../../src/host/pack/records.js';
import { readImage } from '../../src/host/set/images.js';
import { sharedImages } from './images.js';
import { withMount } from './packages/mount.js';
import { startMachine } from './persist/started.js';

const machine = startMachine(import.meta.url, { storageBytes: 24 * 2 ** 20, ramBytes: 2 ** 30 });

const at = (path: string): string => join(machine.merged, path);
let base: Records;

/** Accounts as useradd(8) leaves them: each file written beside, and renamed. */
function addUser(root: string, name: string, id: number): void {
  const lines = {
    passwd: `${name}:x:${id}:${id}::/home/${name}:/bin/sh\n`,
    shadow: `${name}:!:20421:0:99999:7:::\n`,
    group: `${name}:x:${id}:\n`,
  };
  for (const [file, line] of Object.entries(lines)) {
    machine.sh(`cp -p "$0" "$0+"`, join(root, 'etc', file));
    appendFileSync(join(root, 'etc', `${file}+`), line);
    renameSync(join(root, 'etc', `${file}+`), join(root, 'etc', file));
  }
}

function fill(root: string): void {
  for (const name of ['etc', 'home', 'var/lib/dpkg']) mkdirSync(join(root, name), { recursive: true });
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\n');
  writeFileSync(join(root, 'etc/shadow'), 'root:*:20420:0:99999:7:::\n');
  writeFileSync(join(root, 'var/lib/dpkg/status'), 'Package: a\n');
}

beforeEach(() => {
  machine.newBase((root) => {
    fill(root);
    base = recordsOf(root);
  });
  machine.boot();
});

/** Save all, and the records of the layer. */
function save(...args: string[]): Records {
  const { code, stdout, stderr } = machine.mkma([
    'persist',
    '--level',
    '1',
    '--json',
    ...(args.length > 0 ? args : ['--all']),
  ]);
  assert.equal(code, 0, stdout + stderr);
  const { file } = JSON.parse(stdout).layer;
  return machine.onStorage((storage) => {
    const image = readImage(join(storage, 'images', file));
    assert.ok(image.ok && image.value.manifest?.records !== undefined);
    return image.value.manifest.records;
  });
}

/** Put layers on a base as a boot does; codes of those that are left out. */
function codes(on: RecordState, layers: readonly Records[]): (string | undefined)[] {
  let state = stacked({ files: {} }, on);
  return layers.map((records) => {
    const { problem } = fitOf({ name: 'n', file: 'f', records }, state);
    if (problem === undefined) state = stacked(state, records);
    return problem?.code;
  });
}

test('a chain fits the base that it was made on, over snapshots of one boot and over boots', () => {
  addUser(machine.merged, 'alice', 1000);
  mkdirSync(at('home/alice'));
  chownSync(at('home/alice'), 1000, 1000);
  const first = save();
  assert.deepEqual(first.owners, { users: { 1000: 'alice' }, groups: { 1000: 'alice' } });
  assert.deepEqual(first.users, { 0: 'root', 1000: 'alice' });
  // A user that is not saved: whose files have a number without a name.
  addUser(machine.merged, 'bob', 1001);
  writeFileSync(at('home/bobs'), 'x');
  chownSync(at('home/bobs'), 1001, 1000);
  writeFileSync(at('var/lib/dpkg/status'), 'Package: b\n');
  const second = save('--select', '/home', '--select', '/var');
  assert.deepEqual(second.owners, { users: { 1001: null }, groups: { 1000: 'alice' } });
  const third = save();
  machine.boot();
  rmSync(at('var/lib/dpkg'), { recursive: true });
  writeFileSync(at('etc/passwd'), 'root:x:0:0::/root:/bin/sh\ncarol:x:1001:1001::/:/bin/sh\n');
  const fourth = save();
  assert.equal(fourth.files['var/lib/dpkg/status'], null);
  machine.boot();
  writeFileSync(at('home/file'), 'x');
  const fifth = save();
  const chain = [first, second, third, fourth, fifth];
  assert.deepEqual(
    codes(base, chain),
    chain.map(() => undefined),
  );

  // The same base with a user more: what is the layers' own is known.
  machine.newBase((root) => {
    fill(root);
    assert.deepEqual(recordsOf(root), base);
    writeFileSync(join(root, 'etc/shadow'), 'root:*:20999:0:99999:7:::\n');
    assert.deepEqual(
      codes(recordsOf(root), chain),
      chain.map(() => undefined),
      'a day of build is no other account',
    );
    addUser(root, 'dave', 1001);
    base = recordsOf(root);
  });
  assert.deepEqual(
    codes(base, chain),
    chain.map(() => undefined),
  );
});

test('accounts in bytes that are no UTF-8 fit the base that they are on', () => {
  const latin1 = (line: string) => Buffer.from(line, 'latin1');
  machine.newBase((root) => {
    fill(root);
    appendFileSync(join(root, 'etc/passwd'), latin1('m\xfcller:x:1000:1000:M\xfcller:/:/bin/sh\n'));
    appendFileSync(join(root, 'etc/shadow'), latin1('m\xfcller:!:20421:0:99999:7:::\n'));
    base = recordsOf(root);
  });
  machine.boot();
  writeFileSync(at('home/file'), 'x');
  chownSync(at('home/file'), 1000, 0);
  addUser(machine.merged, 'alice', 1001);
  const chain = [save()];
  machine.boot();
  addUser(machine.merged, 'bob', 1002);
  chain.push(save());
  assert.deepEqual(codes(base, chain), [undefined, undefined]);
});

const names = (path: string): string[] =>
  readFileSync(at(path), 'utf8')
    .split('\n')
    .flatMap((line) => line.split(':')[0] || []);
const owner = (path: string): string => {
  const { uid, gid } = lstatSync(at(path));
  return `${uid}:${gid}`;
};

test('anna on a base with bob, who has her number: both are there, each with their own', () => {
  for (const format of ['cpio', 'erofs']) {
    addUser(machine.merged, 'anna', 1000);
    mkdirSync(at('home/anna'), { mode: 0o700 });
    for (const file of ['a', 'b']) writeFileSync(at(`home/anna/${file}`), file, { mode: 0o600 });
    machine.sh(
      'ln "$0/a" "$0/link"; ln -s a "$0/soft"; setfacl -n -m u:1000:r "$0/b"; chown -h 1000:1000 "$0" "$0"/*',
      at('home/anna'),
    );
    appendFileSync(at('var/lib/dpkg/status'), '\nPackage: htop\n\n');
    save('--all', '--format', format);
    machine.rebuild((root) => {
      fill(root);
      withMount(sharedImages(), root);
      addUser(root, 'bob', 1000);
      mkdirSync(join(root, 'home/bob'));
      chownSync(join(root, 'home/bob'), 1000, 1000);
      writeFileSync(join(root, 'var/lib/dpkg/status'), 'Package: a\n\nPackage: vim\n\n');
    });
    assert.deepEqual(machine.boot(), []);
    for (const file of ['passwd', 'group', 'shadow'])
      assert.deepEqual(names(`etc/${file}`), ['root', 'bob', 'anna']);
    assert.equal(owner('home/bob'), '1000:1000');
    for (const path of ['', '/a', '/b', '/link', '/soft'])
      assert.equal(owner(`home/anna${path}`), '1001:1001', path);
    assert.equal(lstatSync(at('home/anna/a')).nlink, 2);
    assert.match(execFileSync('getfacl', ['-n', at('home/anna/b')], { encoding: 'utf8' }), /\nuser:1001:r--/);
    assert.equal(
      readFileSync(at('var/lib/dpkg/status'), 'utf8'),
      'Package: a\n\nPackage: vim\n\nPackage: htop\n\n',
    );
    // What is saved there lies on it as it was saved.
    addUser(machine.merged, 'carl', 1002);
    writeFileSync(at('home/anna/c'), 'c');
    chownSync(at('home/anna/c'), 1001, 1002);
    save();
    assert.deepEqual(machine.boot(), []);
    assert.deepEqual(names('etc/passwd'), ['root', 'bob', 'anna', 'carl']);
    assert.equal(owner('home/anna/c'), '1001:1002');
    const { stdout } = machine.mkma(['persist', '--all', '--dry-run']);
    assert.match(stdout, /nothing/);
    // On the first base all of it is as it was made, and carl has what is his.
    machine.rebuild((root) => {
      fill(root);
      withMount(sharedImages(), root);
    });
    assert.deepEqual(machine.boot(), []);
    assert.deepEqual(names('etc/passwd'), ['root', 'anna', 'carl']);
    assert.deepEqual([owner('home/anna/a'), owner('home/anna/c')], ['1000:1000', '1000:1002']);
    machine.newBase(fill);
    machine.boot();
  }
});

test('files with several owners that have another form are files, and are left out on another base', () => {
  writeFileSync(at('etc/passwd'), 'broken\n');
  const records = save();
  assert.equal(records.own?.['etc/passwd'], undefined);
  assert.deepEqual(codes(base, [records]), [undefined]);
  const other = { ...base, files: { ...base.files, 'etc/passwd': 'a'.repeat(64) } };
  assert.deepEqual(codes(other, [records]), ['layer-other-accounts']);
  machine.changeBase({ records: other });
  writeFileSync(at('etc/passwd'), 'broken again\n');
  const { stdout, code } = machine.mkma(['persist', '--all', '--level', '1']);
  assert.equal(code, 0);
  assert.match(stdout, /warning: the next boot leaves it out unless .* \/etc\/passwd had other content/);
});
