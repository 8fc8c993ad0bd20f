import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeDifferences, differences, itemInputs } from '../../../../src/host/stages/differences.js';

const DIGEST = 'a94a8fe5ccb19ba61c4c';

test('what differs, in words', () => {
  const before = {
    hostname: 'first',
    packages: 'kmod nano own.deb@a94a8fe5ccb19ba61c4c',
    hardware: DIGEST,
    kernel: 'debian',
    ...itemInputs('files', { '/etc/motd': '1', '/etc/old': '1', '/etc/same': '1' }),
    mirror: 'http://me:secret@mirror.example/debian',
  };
  const now = {
    hostname: 'second',
    packages: 'htop kmod own.deb@b94a8fe5ccb19ba61c4c',
    hardware: `${DIGEST}0`,
    kernel: 'debian',
    ...itemInputs('files', { '/etc/motd': '2', '/etc/new': '1', '/etc/same': '1' }),
    mirror: 'http://mirror.example/debian',
    recommends: 'installed',
  };
  const found = differences(before, now);
  assert.deepEqual(describeDifferences(found), [
    'files (/etc/motd, + /etc/new, - /etc/old)',
    'hardware',
    'hostname (first -> second)',
    'mirror (http://***@mirror.example/debian -> http://mirror.example/debian)',
    'packages (+ htop, - nano, own.deb)',
    'recommends (+ installed)',
  ]);
  assert.deepEqual(
    found.find(({ input }) => input === 'packages'),
    {
      ...{ input: 'packages', change: 'changed' },
      ...{ added: ['htop', 'own.deb'], removed: ['nano', 'own.deb'] },
    },
  );
  assert.deepEqual(found[0], { input: 'files', item: '/etc/motd', before: '1', now: '2', change: 'changed' });
});

test('of many items a few are named', () => {
  const many = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`/f${i}`, DIGEST]));
  assert.deepEqual(describeDifferences(differences({}, itemInputs('files', many))), [
    'files (+ /f0, + /f1, + /f2, + /f3, + /f4, and 4 more)',
  ]);
});

test('nothing differs', () => {
  assert.deepEqual(differences({ a: '1' }, { a: '1' }), []);
});
