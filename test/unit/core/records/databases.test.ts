/** Files with several owners: read, written, compared, and composed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { databaseOf } from '../../../../src/core/records/databases.js';
import { applyDelta, type Delta, diffOf } from '../../../../src/core/records/delta.js';

const SAMPLES: Readonly<Record<string, string>> = {
  'etc/passwd': 'root:x:0:0:root:/root:/bin/bash\nanna:x:1000:1000:Anna,,,:/home/anna:/bin/sh\n+::::::\n',
  'etc/group': 'root:x:0:\nsudo:x:27:anna,bob\n',
  'etc/gshadow': 'sudo:*:boss:anna,bob\n',
  'etc/shadow': 'anna:$y$j9T$a.b/c:20421:0:99999:7:::\n',
  'etc/subuid': 'anna:100000:65536\nanna:300000:65536\nbob:165536:65536\n',
  'etc/shells': '# /etc/shells: valid login shells\n/bin/sh\n',
  'var/lib/dpkg/status':
    'Package: a\nStatus: install ok installed\nArchitecture: amd64\nConffiles:\n /etc/a 123\nDescription: x\n more\n .\n text\n\n' +
    'Package: lib\nArchitecture: amd64\nMulti-Arch: same\n\nPackage: lib\nArchitecture: arm64\nMulti-Arch: same\n\n',
  'var/lib/dpkg/diversions': '/bin/sh\n/bin/sh.distrib\ndash\n/a\n/b\n:\n',
  'var/lib/dpkg/statoverride': 'root mail 2755 /usr/bin/with space\n',
  'var/lib/dpkg/triggers/File': '/usr/share/man man-db/noawait\n/usr/share/man other\n',
  'var/lib/dpkg/triggers/ldconfig': 'libc-bin/noawait\n',
  'var/lib/dpkg/alternatives/pager':
    'auto\n/usr/bin/pager\npager.1.gz\n/man/pager.1.gz\n\n/bin/more\n50\n/man/more.1.gz\n/usr/bin/less\n77\n\n\n',
  'var/lib/apt/extended_states': 'Package: a\nArchitecture: amd64\nAuto-Installed: 1\n\n',
  'var/cache/debconf/config.dat': 'Name: a/b\nTemplate: a/b\nValue: x\nOwners: a, b\nVariables:\n k = v\n\n',
  'var/lib/ucf/hashfile': 'fbc910d4bc9889530c92c7e8b101689b  /etc/a.conf\n',
  'var/lib/ucf/registry': 'a \t /etc/a.conf\n',
};

const databaseAt = (path: string) => {
  const database = databaseOf(path);
  assert.ok(database !== undefined, path);
  return database;
};

test('what is read is written as it was', () => {
  for (const [path, text] of Object.entries(SAMPLES)) {
    const database = databaseAt(path);
    const entries = database.parse(text);
    assert.ok(entries !== undefined && entries.size > 0, path);
    assert.equal(database.render(entries), text, path);
  }
});

test('what is no such file is said to be none', () => {
  const bad: readonly (readonly [string, string])[] = [
    ['etc/passwd', 'root:x:0\n'],
    ['etc/passwd', ':x:0:0:::\n'],
    ['var/lib/dpkg/status', 'Version: 1\n'],
    ['var/lib/dpkg/status', 'Package: a\n\nPackage: a\n'],
    ['var/lib/dpkg/diversions', '/a\n/b\n'],
    ['var/lib/dpkg/statoverride', 'root root 755\n'],
    ['var/lib/dpkg/alternatives/x', 'manual\n'],
    ['var/lib/dpkg/alternatives/x', 'auto\n/x\n\n/y\nhigh\n\n'],
  ];
  for (const [path, text] of bad) assert.equal(databaseAt(path).parse(text), undefined, text);
  for (const path of [
    'etc/hosts',
    'var/lib/dpkg/triggers/Unincorp',
    'var/lib/dpkg/info/a.list',
    'constructor',
  ])
    assert.equal(databaseOf(path), undefined);
});

/** What a layer that turns `before` into `after` makes of `below`. */
function onto(path: string, before: string, after: string, below: string): string {
  const database = databaseAt(path);
  const delta = diffOf(database, before, after) as Delta;
  const [there, own] = [database.parse(below), database.parse(after)];
  assert.ok(there !== undefined && own !== undefined);
  return database.render(applyDelta(database, there, own, delta));
}

test('on what it was made on, a layer makes its own file again', () => {
  for (const [path, text] of Object.entries(SAMPLES)) {
    assert.equal(onto(path, '', text, ''), text, path);
    assert.equal(onto(path, text, '', text), '', path);
    assert.equal(onto(path, text, text, text), text, path);
  }
});

test('elsewhere it makes its own changes', () => {
  const group = (sudo: string): string => `root:x:0:\nsudo:x:27:${sudo}\n`;
  assert.equal(onto('etc/group', group(''), group('anna'), group('bob')), group('bob,anna'));
  assert.equal(onto('etc/group', group('a,b'), group('b'), group('a,b,c')), group('b,c'));
  // The group is gone below: it comes back with what the layer put into it.
  assert.equal(onto('etc/group', group('bob'), group('bob,anna'), 'root:x:0:\n'), group('anna'));
  const status = (...names: string[]): string =>
    names.map((name) => `Package: ${name}\nArchitecture: all\n\n`).join('');
  assert.equal(
    onto('var/lib/dpkg/status', status('a', 'b'), status('a', 'c'), status('a', 'b', 'd')),
    status('a', 'd', 'c'),
  );
  const question = (owners: string, value: string): string =>
    `Name: q\nTemplate: q\nValue: ${value}\nOwners: ${owners}\n\n`;
  assert.equal(
    onto('var/cache/debconf/config.dat', question('a', '1'), question('a, b', '1'), question('a, c', '2')),
    question('a, c, b', '2'),
  );
});

test('alternatives: choices and slaves of both, in the order of update-alternatives', () => {
  const path = 'var/lib/dpkg/alternatives/editor';
  const file = (slaves: string, ...choices: string[]): string =>
    `auto\n/usr/bin/editor\n${slaves}\n${choices.join('')}\n`;
  const nano = file('', '/bin/nano\n40\n');
  const slave = 'editor.1.gz\n/man/editor.1.gz\n';
  const vim = file(slave, '/bin/nano\n40\n\n', '/usr/bin/vim\n30\n/man/vim.1.gz\n');
  const joe = file(
    'editor.da.1.gz\n/man/da/editor.1.gz\n',
    '/bin/joe\n70\n/man/da/joe.1.gz\n',
    '/bin/nano\n40\n\n',
  );
  assert.equal(
    onto(path, nano, vim, joe),
    file(
      `${slave}editor.da.1.gz\n/man/da/editor.1.gz\n`,
      '/bin/joe\n70\n\n/man/da/joe.1.gz\n',
      '/bin/nano\n40\n\n\n',
      '/usr/bin/vim\n30\n/man/vim.1.gz\n\n',
    ),
  );
});
