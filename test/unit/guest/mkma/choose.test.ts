/** What patterns choose where a folder moved: it goes as a whole, or in parts that are named. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Change } from '../../../../src/core/overlay/changes.js';
import { chooseChanges } from '../../../../src/guest/mkma/persist/choose.js';
import { entry } from '../../core/entry.js';
import { FakeMachine } from '../fake-machine.js';

const CHANGES: Change[] = [
  { kind: 'changed', path: 'etc/x', entry: entry('etc/x'), before: 'f' },
  { kind: 'deleted', path: 'srv/a', before: 'd', partOf: 'srv/b' },
  { kind: 'moved', path: 'srv/b', from: 'srv/a', entry: entry('srv/b/') },
  { kind: 'new', path: 'srv/b/carried', entry: entry('srv/b/carried'), partOf: 'srv/b' },
  { kind: 'new', path: 'srv/b/own', entry: entry('srv/b/own') },
  { kind: 'changed', path: 'usr/name', entry: entry('usr/name'), before: 'f', partOf: 'srv/b' },
];
const ALL = CHANGES.map(({ path }) => path);

function choose(select: readonly string[], deselect: readonly string[] = []): string[] {
  const chosen = chooseChanges(
    new FakeMachine(),
    { all: false, select, deselect, expand: false },
    { changes: CHANGES, units: [], lines: [], facts: { groups: new Map(), packages: new Map() } },
    [],
  );
  assert.ok(chosen.ok);
  return chosen.value.changes.map(({ path }) => path);
}

test('a moved folder is chosen by where it is or by where it was, with all that belongs to it', () => {
  const moved = ALL.filter((path) => path !== 'etc/x');
  assert.deepEqual(choose(['/srv/b']), moved);
  assert.deepEqual(choose(['/srv/a']), moved);
  assert.deepEqual(choose([], ['/srv/a']), ['etc/x']);
  assert.deepEqual(choose([], ['/srv/b']), ['etc/x']);
});

test('of what it contains, parts can be chosen; what it leaves behind then stays', () => {
  assert.deepEqual(choose(['/srv/b/carried']), ['srv/b', 'srv/b/carried']);
  assert.deepEqual(
    choose([], ['/srv/b/carried']),
    ALL.filter((path) => path !== 'srv/b/carried'),
  );
  assert.deepEqual(choose(['/usr/name', '/etc']), ['etc/x']);
});
