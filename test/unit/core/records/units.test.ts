/** Which records belong to a package or an account, and the part of a file's changes that a choice takes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { databaseOf } from '../../../../src/core/records/databases.js';
import { diffOf } from '../../../../src/core/records/delta.js';
import { unmetDependencies, versionedRelations } from '../../../../src/core/records/packages.js';
import {
  type Contents,
  hasRest,
  kernelOf,
  partOfDelta,
  type Unit,
  unitsOf,
  withoutOthers,
} from '../../../../src/core/records/units.js';

/** Contents of files by path, below and now. */
function contents(
  files: Readonly<Record<string, readonly [below: string, own: string]>>,
): Map<string, Contents> {
  return new Map(
    Object.entries(files).map(([path, [before, now]]) => {
      const database = databaseOf(path);
      assert.ok(database !== undefined);
      const [below, own, delta] = [
        database.parse(before),
        database.parse(now),
        diffOf(database, before, now),
      ];
      assert.ok(below !== undefined && own !== undefined && delta !== undefined);
      return [path, { below, own, delta }];
    }),
  );
}

const status = (...all: readonly (readonly [name: string, version: string, state?: string])[]): string =>
  all
    .map(
      ([name, version, state = 'install ok installed']) =>
        `Package: ${name}\nStatus: ${state}\nVersion: ${version}\nArchitecture: all\n\n`,
    )
    .join('');
const shown = (units: readonly Unit[]): string[] =>
  units.map(({ kind, name, text }) => `${kind} ${name} ${text}`);

test('what became of packages', () => {
  const all = contents({
    'var/lib/dpkg/status': [
      status(['a', '1'], ['b', '1'], ['c', '1'], ['d', '1'], ['e', '1']),
      status(
        ['a', '2'],
        ['c', '1', 'deinstall ok config-files'],
        ['d', '1', 'hold ok installed'],
        ['e', '1'],
        ['f', '3'],
      ),
    ],
  });
  assert.deepEqual(shown(unitsOf(all, { filesOf: () => [], mentions: () => false })), [
    'package a 2 (was 1)',
    'package b 1 (purged)',
    'package c 1 (removed)',
    'package d 1 (changed)',
    'package f 3 (new)',
  ]);
});

test('records of packages and accounts, and the rest', () => {
  const all = contents({
    'etc/passwd': [
      'root:x:0:0::/:/bin/sh\n',
      'root:x:0:0::/:/bin/sh\nanna:x:1000:1000::/:/bin/sh\n_web:x:101:101::/:/bin/sh\n',
    ],
    'etc/group': ['root:x:0:\ngames:x:60:\n', 'root:x:0:\ngames:x:60:anna,zoe\nanna:x:1000:\n_web:x:101:\n'],
    'etc/shells': ['/bin/sh\n', '/bin/sh\n/usr/bin/web\n/usr/local/bin/own\n'],
    'var/lib/dpkg/status': ['', status(['web-server', '1'])],
    'var/lib/apt/extended_states': ['', 'Package: other\nArchitecture: amd64\nAuto-Installed: 1\n\n'],
  });
  const units = unitsOf(all, {
    filesOf: (name) => (name === 'web-server' ? ['/usr/bin/web'] : []),
    mentions: (name, account) => name === 'web-server' && account === '_web',
  });
  assert.deepEqual(shown(units), [
    'package other other (mark changed)',
    'package web-server 1 (new)',
    'account anna (new)',
  ]);
  const part = (path: string, names: readonly string[], rest: boolean) => {
    const chosen = new Set(units.filter(({ name }) => names.includes(name)));
    return JSON.stringify(partOfDelta(path, all.get(path)?.delta ?? {}, units, chosen, rest));
  };
  const nothing = '{"set":[],"gone":[],"lists":{},"fields":{}}';
  assert.equal(part('etc/passwd', [], true), nothing);
  assert.equal(part('etc/passwd', ['anna'], false), '{"set":["anna"],"gone":[],"lists":{},"fields":{}}');
  assert.equal(
    part('etc/passwd', ['web-server'], false),
    '{"set":["_web"],"gone":[],"lists":{},"fields":{}}',
  );
  assert.equal(
    part('etc/group', ['anna'], false),
    '{"set":["anna"],"gone":[],"lists":{"games":{"add":["anna"],"gone":[]}},"fields":{}}',
  );
  assert.equal(
    part('etc/group', [], true),
    '{"set":[],"gone":[],"lists":{"games":{"add":["zoe"],"gone":[]}},"fields":{}}',
  );
  assert.equal(
    part('etc/shells', ['web-server'], false),
    '{"set":["/usr/bin/web"],"gone":[],"lists":{},"fields":{}}',
  );
  const rest = [...all].filter(([path, { delta }]) => hasRest(path, delta, units)).map(([path]) => path);
  assert.deepEqual(rest, ['etc/group', 'etc/shells']);
});

test('dependencies: any of several, what is provided, and only of what is installed', () => {
  const entries = databaseOf('var/lib/dpkg/status')?.parse(
    `Package: a\nStatus: install ok installed\nDepends: b (>= 1) | c, mail, d:any\n\n` +
      `Package: c\nStatus: install ok installed\nProvides: mail (= 1)\n\n` +
      `Package: d\nStatus: deinstall ok config-files\nDepends: nothing\n\n`,
  );
  assert.ok(entries !== undefined);
  assert.deepEqual(unmetDependencies(entries, new Set(entries.keys())), [{ name: 'a', missing: ['d:any'] }]);
});

test('a group of a package is without new accounts that were not chosen', () => {
  const all = contents({
    'etc/passwd': ['', 'anna:x:1000:1000::/:/bin/sh\n'],
    'etc/group': ['', 'docker:x:990:anna,zoe\n'],
    'var/lib/dpkg/status': ['', status(['docker', '1'])],
  });
  const units = unitsOf(all, { filesOf: () => [], mentions: (_, account) => account === 'docker' });
  assert.deepEqual(shown(units), ['package docker 1 (new)', 'account anna (new)']);
  const { own } = all.get('etc/group') as Contents;
  const list = databaseOf('etc/group')?.list;
  assert.ok(list !== undefined);
  const members = (names: readonly string[]): string | undefined => {
    const chosen = new Set(units.filter(({ name }) => names.includes(name)));
    return withoutOthers('etc/group', own, list, units, chosen).get('docker');
  };
  assert.equal(members(['docker']), 'docker:x:990:zoe');
  assert.equal(members(['docker', 'anna']), 'docker:x:990:anna,zoe');
});

test('dependencies on versions', () => {
  const relations = versionedRelations(
    'Package: a\nPre-Depends: b (>= 1.2), c\nDepends: d:any (<< 3), e (= 1) | f, g (>= 1~)\n',
  );
  assert.deepEqual(
    relations.map(({ package: name, relation, version }) => `${name} ${relation} ${version}`),
    ['b >= 1.2', 'd << 3', 'g >= 1~'],
  );
});

test('kernels', () => {
  const release = (name: string) =>
    kernelOf({ kind: 'package', name, text: '', removed: false, files: new Set(), keys: new Map() });
  assert.equal(release('linux-image-6.12.9+deb13-amd64'), '6.12.9+deb13-amd64');
  assert.equal(release('linux-image-amd64'), 'amd64');
  assert.equal(release('linux-libc-dev:amd64'), undefined);
});
