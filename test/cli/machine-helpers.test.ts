/** The machine's program and the programs that it runs: whatever its caller's environment is, and where one of them is missing. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, test } from 'node:test';
import { codeOf, repository, temporary } from './cli.js';
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

/** The storage by its UUID, as boot loader entries name it. */
beforeEach(() => {
  machine.newBase(() => undefined);
  machine.boot();
  const uuid = execFileSync('blkid', ['-c', '/dev/null', '-o', 'value', '-s', 'UUID', machine.loop], {
    encoding: 'utf8',
  });
  const file = join(machine.root, 'run/mkma/boot.json');
  const record = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(
    file,
    JSON.stringify({ ...record, storage: { ...record.storage, asked: `UUID=${uuid.trim()}` } }),
  );
  writeFileSync(join(machine.merged, 'new'), 'x');
});

/** What `su` without a dash leaves of a user's path. */
const USERS = { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/games' };

for (const args of [['layers', 'list'], ['persist', '--all', '--dry-run'], ['status']]) {
  test(`mkma ${args[0]} finds its programs whatever path its caller has`, () => {
    for (const env of [USERS, { PATH: '' }, { PATH: '/nowhere', LC_ALL: 'de_DE.UTF-8' }]) {
      const { code, stderr } = machine.mkma(args, env);
      assert.equal(code, 0, stderr);
    }
  });
}

/** Run with a program of the machine away, or another in its place. */
function without<T>(program: string, work: () => T, instead?: string): T {
  const path = ['usr/bin', 'usr/sbin']
    .map((at) => join(machine.root, at, program))
    .find((at) => existsSync(at));
  assert.ok(path !== undefined, program);
  renameSync(path, `${path}.away`);
  if (instead !== undefined) {
    writeFileSync(path, instead);
    chmodSync(path, 0o755);
  }
  try {
    return work();
  } finally {
    renameSync(`${path}.away`, path);
  }
}

const PERSIST = ['persist', '--all', '--level', '1'];
for (const [program, args] of [
  ['blkid', ['layers', 'list']],
  ['mount', ['layers', 'list']],
  ['flock', PERSIST],
  ['find', PERSIST],
  ['getfattr', PERSIST],
  ['xargs', PERSIST],
  ['grep', PERSIST],
  ['zstd', PERSIST],
  ['sha256sum', PERSIST],
  ['dpkg', PERSIST],
  ['setpriv', PERSIST],
  ['sync', PERSIST],
  ['findmnt', ['status']],
  ['du', ['status']],
] as const) {
  test(`a machine without ${program} is told as that, and nothing is saved`, () => {
    const before = machine.files();
    const ended = without(program, () => machine.mkma([...args, '--json']));
    assert.equal(codeOf(ended), 'program-missing', ended.stdout + ended.stderr);
    assert.match(JSON.parse(ended.stdout).error.what, new RegExp(`^cannot run (\\S*/)?${program}$`));
    assert.deepEqual(machine.files(), before);
  });
}

for (const args of [
  ['layers', 'list'],
  ['generations', 'list'],
]) {
  test(`whatever ends mkma ${args[0]}, the storage is mounted nowhere afterwards`, () => {
    // As if it was killed before it could unmount it.
    without('umount', () => machine.mkma(args), '#!/bin/sh\nexit 32\n');
    assert.doesNotMatch(readFileSync('/proc/self/mountinfo', 'utf8'), / \S*\/run\/mkma\/storage /);
  });
}

test('a program that fails for another reason is told with its words', () => {
  const script = '#!/bin/sh\necho "blkid: out of order" >&2; exit 4\n';
  const ended = without('blkid', () => machine.mkma(['layers', 'list', '--json']), script);
  assert.equal(codeOf(ended), 'program-failed', ended.stdout);
});

test("the editor has the caller's environment, other programs have mkma's own", () => {
  const report = join(machine.root, 'run/environment');
  const wrapper = '#!/bin/sh\nenv | sort >/run/environment\nexec /usr/bin/getfattr.away "$@"\n';
  const env = {
    ...USERS,
    POSIXLY_CORRECT: '1',
    LC_ALL: 'de_DE.UTF-8',
    EDITOR: "sh -c 'env >/run/editor' editor",
  };
  const { code, stderr } = without('getfattr', () => machine.mkma(['persist', '--level', '1'], env), wrapper);
  assert.equal(code, 0, stderr);
  const lines = readFileSync(report, 'utf8').split('\n');
  const known = lines.filter((line) => !/^(PWD|_|SHLVL|OLDPWD)=/.test(line) && line !== '');
  assert.deepEqual(known, ['LC_ALL=C', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin']);
  const editors = readFileSync(join(machine.root, 'run/editor'), 'utf8');
  for (const [name, value] of Object.entries(env)) assert.ok(editors.includes(`${name}=${value}\n`), editors);
});

test('after umount -a: /tmp takes no files any more, and without /overlay persist says why it cannot save', () => {
  const sh = (...argv: string[]): void => void execFileSync(argv[0] as string, argv.slice(1));
  const [overlay, tmp] = [join(machine.root, 'overlay'), join(machine.root, 'tmp')];
  sh('mount', '-o', 'remount,ro', tmp);
  try {
    const saved = machine.mkma([...PERSIST, '--json']);
    assert.equal(saved.code, 0, saved.stdout + saved.stderr);
    sh('umount', '--lazy', overlay);
    assert.equal(codeOf(machine.mkma([...PERSIST, '--json'])), 'view-gone');
    const status = machine.mkma(['status']);
    assert.equal(status.code, 0, status.stderr);
    assert.match(
      status.stdout,
      /\nwarnings .* cannot access the base, the layers and the changes: \/overlay/,
    );
    assert.equal(machine.mkma(['layers', 'list']).code, 0);
  } finally {
    sh('mount', '-o', 'remount,rw', tmp);
    sh('mount', '--bind', join(folder.path, 'ram/view'), overlay);
  }
});
