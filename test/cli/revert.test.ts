/** `mkma revert`: what was saved last comes back, live, and what is new goes. */

import assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, test } from 'node:test';
import { mutate } from './persist/mutate.js';
import { Chance } from './persist/random.js';
import { startMachine } from './persist/started.js';
import { describeTree } from './persist/view.js';

const machine = startMachine(import.meta.url, { storageBytes: 64 * 2 ** 20 });
const at = (path: string): string => join(machine.merged, path);

beforeEach(() => {
  machine.newBase((base) => {
    for (const path of ['etc', 'srv', 'srv/deep', 'srv/deep/er']) mkdirSync(join(base, path));
    for (const path of ['etc/a', 'etc/b', 'srv/deep/file', 'srv/deep/er/file'])
      writeFileSync(join(base, path), `the base's ${path}`);
    linkSync(join(base, 'etc/a'), join(base, 'srv/a'));
    symlinkSync('a', join(base, 'etc/link'));
    machine.sh('setfattr -n user.kind -v base "$0/etc/b"; setfattr -n user.kind -v base "$0/srv"', base);
  });
  machine.boot();
});

function mkma(...args: string[]): string {
  const { code, stdout, stderr } = machine.mkma(args);
  assert.equal(code, 0, stdout + stderr);
  return stdout;
}

function refused(code: string, ...args: string[]): string {
  const ended = machine.mkma([...args, '--json']);
  assert.notEqual(ended.code, 0, ended.stdout);
  const { error } = JSON.parse(ended.stdout) as { error: { code: string } };
  assert.equal(error.code, code, ended.stdout);
  return ended.stdout;
}

function save(...args: string[]): void {
  machine.sh('sleep 0.15', '');
  mkma('persist', '--all', '--level', '1', ...args);
}

const nothingLeft = (): void => {
  assert.deepEqual(
    readdirSync(machine.merged).filter((name) => name.startsWith('.mkma')),
    [],
  );
};

test('files, folders, links, attributes and deletions come back; what is new goes', () => {
  const before = describeTree(machine.merged);
  writeFileSync(at('etc/a'), 'changed');
  chmodSync(at('etc/b'), 0o600);
  machine.sh(
    'setfattr -x user.kind "$0/etc/b"; setfattr -n user.more -v x "$0/srv"; chmod 700 "$0/srv"',
    machine.merged,
  );
  rmSync(at('srv/deep'), { recursive: true });
  writeFileSync(at('srv/deep'), 'a file now');
  rmSync(at('etc/link'));
  mkdirSync(at('new'));
  writeFileSync(at('new/file'), 'x');
  const listed = mkma('revert', '--dry-run', '/');
  assert.match(listed, /^removed {3}\/new$/m);
  assert.match(listed, /^restored {2}\/srv\/deep\/er\/file$/m);
  assert.equal(readFileSync(at('etc/a'), 'utf8'), 'changed');
  mkma('revert', '/');
  assert.deepEqual(describeTree(machine.merged), before);
  assert.equal(lstatSync(at('etc/a')).ino, lstatSync(at('srv/a')).ino);
  nothingLeft();
});

test('only what is named: a path in a folder that is gone, a folder with all in it', () => {
  rmSync(at('srv/deep'), { recursive: true });
  writeFileSync(at('etc/a'), 'changed');
  mkma('revert', '/srv/deep/er/file');
  assert.deepEqual(readdirSync(at('srv/deep')), ['er']);
  assert.equal(readFileSync(at('srv/deep/er/file'), 'utf8'), "the base's srv/deep/er/file");
  mkma('revert', '/srv/deep');
  assert.deepEqual(readdirSync(at('srv/deep')), ['er', 'file']);
  assert.equal(readFileSync(at('etc/a'), 'utf8'), 'changed');
  refused('nothing-to-revert', 'revert', '/srv/deep');
  refused('nothing-to-revert', 'revert', '/nothing/there');
  refused('nothing-to-revert', 'revert', 'nothing');
  refused('path-invalid', 'revert', '/../etc');
  refused('arguments-invalid', 'revert');
  rmSync(at('srv/deep/er'), { recursive: true });
  writeFileSync(at('srv/deep/er'), 'in the way');
  assert.match(refused('revert-in-the-way', 'revert', '/srv/deep/er/file'), /mkma revert \/srv\/deep\/er/);
});

test('a folder that was moved: its new place goes, its old one comes back if it is named', () => {
  const before = describeTree(machine.merged);
  renameSync(at('srv/deep'), at('srv/moved'));
  writeFileSync(at('srv/moved/file'), 'changed');
  assert.match(mkma('revert', '--dry-run', '/srv/moved'), /warning: \/srv\/moved was moved from \/srv\/deep/);
  mkma('revert', '/srv/moved', '/srv/deep');
  assert.deepEqual(describeTree(machine.merged), before);
});

test('what this boot has saved comes back as it was saved, from the medium, also once layers were merged', () => {
  writeFileSync(at('etc/a'), 'saved');
  writeFileSync(at('etc/new'), 'saved new');
  rmSync(at('srv/deep/file'));
  save();
  chmodSync(at('etc/new'), 0o640);
  save('--format', 'erofs');
  const before = describeTree(machine.merged);
  const spoil = (): void => {
    for (const path of ['etc/a', 'srv/deep/file']) writeFileSync(at(path), 'later');
    rmSync(at('etc/new'));
  };
  spoil();
  mkma('revert', '/');
  assert.deepEqual(describeTree(machine.merged), before);
  assert.equal(mkma('persist', '--all', '--dry-run'), 'nothing to save\n');
  mkma('layers', 'merge');
  spoil();
  mkma('revert', '/etc', '/srv');
  assert.deepEqual(describeTree(machine.merged), before);
  assert.equal(mkma('persist', '--all', '--dry-run'), 'nothing to save\n');
  machine.boot();
  assert.deepEqual(describeTree(machine.merged), before);
});

test('a program that has a file open keeps the old one, and that is said', () => {
  writeFileSync(at('etc/b'), 'changed');
  const fd = openSync(at('etc/b'), 'r');
  const said = mkma('revert', '/etc/b');
  assert.equal(readFileSync(fd, 'utf8'), 'changed');
  closeSync(fd);
  assert.match(said, /warning: programs have files open .* \/etc\/b$/m);
  assert.equal(readFileSync(at('etc/b'), 'utf8'), "the base's etc/b");
});

test('random changes are all reverted: to the base, to loaded layers, and to what this boot has saved', () => {
  const chance = new Chance(Number(process.env.MKMA_TEST_SEED ?? 7));
  machine.newBase((base) => {
    mkdirSync(join(base, 'etc'));
    for (let i = 0; i < 40; i++) mutate(chance, Buffer.from(base));
  });
  machine.boot();
  for (let round = 0; round < 12; round++) {
    const before = withoutLinks(describeTree(machine.merged));
    for (let i = 1 + chance.number(15); i > 0; i--) mutate(chance, Buffer.from(machine.merged));
    const ended = machine.mkma(['revert', '/']);
    if (ended.code !== 0) assert.match(ended.stderr, /nothing-to-revert/, `round ${round}`);
    assert.deepEqual(withoutLinks(describeTree(machine.merged)), before, `round ${round}: ${ended.stdout}`);
    nothingLeft();
    for (let i = 1 + chance.number(8); i > 0; i--) mutate(chance, Buffer.from(machine.merged));
    save(...chance.pick([[], ['--format', 'erofs']]));
    if (chance.number(3) === 0) machine.boot();
  }
});

/** Names of one file that no change concerned stay apart once one of them was replaced. */
function withoutLinks(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/ file \d+$/, ''));
}

test('without the medium, what this boot saved cannot come back, and nothing is changed', () => {
  writeFileSync(at('etc/a'), 'saved');
  save();
  writeFileSync(at('etc/a'), 'later');
  writeFileSync(at('etc/b'), 'later');
  const [file = ''] = machine.files().filter((name) => name.startsWith('persistence.'));
  machine.onStorage((storage) => renameSync(join(storage, 'images', file), join(storage, file)));
  refused('storage-changed', 'revert', '/etc/a');
  assert.equal(readFileSync(at('etc/a'), 'utf8'), 'later');
  // What lies below is in RAM.
  mkma('revert', '/etc/b');
  assert.equal(readFileSync(at('etc/b'), 'utf8'), "the base's etc/b");
  assert.ok(existsSync(at('etc/link')));
});
