/** What layers tell of accounts and packages, made by the machine's program, against what the host tells of the base. */
import assert from 'node:assert/strict';
import { appendFileSync, chownSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, test } from 'node:test';
import { fitOf, type RecordState, type Records, stacked } from '../../src/core/records/records.js';
import { recordsOf } from '../../src/host/pack/records.js';
import { readImage } from '../../src/host/set/images.js';
import { repository, temporary } from './cli.js';
import { sharedImages } from './images.js';
import { TestMachine } from './persist/machine.js';
import { inOwnMounts } from './persist/namespace.js';

inOwnMounts(import.meta.url);

const folder = temporary();
const machine = new TestMachine({
  ...{ images: sharedImages(), dist: join(repository, 'dist'), scratch: folder.path },
  ...{ storageBytes: 24 * 2 ** 20, ramBytes: 2 ** 30 },
});
process.on('exit', () => {
  machine.close();
  folder[Symbol.dispose]();
});

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

  // The same base with a user more: what was made on the accounts of another is left out, and what is bob's by number.
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
  const accounts = 'layer-other-accounts';
  assert.deepEqual(codes(base, chain), [accounts, 'layer-other-owners', accounts, accounts, undefined]);
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

test('a base of other packages: a layer with the database of dpkg is left out, one with accounts alone is not', () => {
  addUser(machine.merged, 'alice', 1000);
  const accounts = save();
  writeFileSync(at('var/lib/dpkg/status'), 'Package: b\n');
  const packages = save();
  const other = { ...base, files: { ...base.files, 'var/lib/dpkg/status': 'a'.repeat(64) } };
  assert.deepEqual(codes(other, [accounts, packages]), [undefined, 'layer-other-packages']);
});

test('a layer that the next boot will leave out is saved, and that is said', () => {
  const records = { ...base, files: { ...base.files, 'etc/passwd': 'a'.repeat(64) } };
  machine.changeBase({ records });
  addUser(machine.merged, 'alice', 1000);
  const { stdout, code } = machine.mkma(['persist', '--all', '--level', '1']);
  assert.equal(code, 0);
  assert.match(stdout, /warning: the next boot leaves it out unless .* \/etc\/passwd had other content/);
});
