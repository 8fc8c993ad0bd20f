/** What belongs together is found by its names and by what lies beside it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Change } from '../../../../src/core/overlay/changes.js';
import { findGroups, withGroups } from '../../../../src/core/overlay/groups.js';
import { entry } from '../entry.js';

const changed = (path: string): Change => {
  const found = entry(path);
  return { kind: 'changed', path: found.path, entry: found, before: found.type };
};
const gone = (path: string): Change => ({ kind: 'deleted', path, before: 'f' });

/** Groups as `kind path: changes`. `there`: what exists beside the changes. */
function groups(changes: readonly Change[], ...there: string[]): string[] {
  const found = findGroups(changes, (path) => there.includes(path));
  return [...new Set(found.values())].map(
    ({ kind, path, changes: all }) => `${kind} ${path}: ${all.map((one) => one.path).join(' ')}`,
  );
}

test('a database with what SQLite has beside it, present or gone', () => {
  const all = [changed('srv/a.db'), changed('srv/a.db-shm'), changed('srv/a.db-wal'), changed('srv/b.db')];
  assert.deepEqual(groups(all), ['database srv/a.db: srv/a.db srv/a.db-shm srv/a.db-wal']);
  assert.deepEqual(groups([changed('srv/a'), gone('srv/a-journal')]), [
    'database srv/a: srv/a srv/a-journal',
  ]);
  assert.deepEqual(groups([gone('srv/a'), gone('srv/a-wal')]), ['database srv/a: srv/a srv/a-wal']);
  assert.deepEqual(groups([changed('srv/a/'), changed('srv/a-wal')]), [], 'beside a folder');
  assert.deepEqual(groups([changed('srv/a-wal')], 'srv/a'), ['database srv/a: srv/a-wal']);
  assert.deepEqual(groups([changed('srv/a-wal')]), [], 'without a database');
  assert.deepEqual(groups([changed('srv/-wal'), changed('srv/x')]), []);
});

test('folders of databases by what is in them, from the outermost on', () => {
  const all = [
    changed('var/lib/postgresql/17/main/'),
    changed('var/lib/postgresql/17/main/base/5/1259'),
    changed('var/lib/postgresql/17/notes'),
    changed('var/lib/mysql/aria_log.1'),
    changed('srv/level/000003.log'),
    changed('srv/level/CURRENT'),
    changed('usr/lib/postgresql/x'),
  ];
  const there = [
    'var/lib/postgresql/17/main/PG_VERSION',
    'var/lib/postgresql/17/main/base/5/PG_VERSION',
    'var/lib/mysql/ibdata1',
    'srv/level/LOG',
    'srv/level/LOCK',
    'usr/lib/postgresql/PG_VERSION',
  ];
  assert.deepEqual(groups(all, ...there), [
    'database var/lib/postgresql/17/main: var/lib/postgresql/17/main var/lib/postgresql/17/main/base/5/1259',
    'database var/lib/mysql: var/lib/mysql/aria_log.1',
    'database srv/level: srv/level/000003.log srv/level/CURRENT',
  ]);
  assert.deepEqual(groups([changed('srv/level/CURRENT'), changed('srv/level/x')], 'srv/level/LOG'), []);
});

test('profiles and repositories by where they are', () => {
  const profile = 'home/anna/.mozilla/firefox/x.default';
  const all = [
    changed(`${profile}/places.sqlite`),
    changed(`${profile}/places.sqlite-wal`),
    changed('home/anna/.mozilla/firefox/profiles.ini'),
    changed('home/anna/.mozilla/firefox/Crash Reports/x'),
    changed('home/anna/.config/chromium/Default/Cookies'),
    changed('home/anna/.config/chromium/Local State'),
    changed('home/anna/.config/other/x'),
    changed('srv/code/.git/HEAD'),
    changed('srv/code/a.ts'),
  ];
  assert.deepEqual(groups(all), [
    `profile ${profile}: ${profile}/places.sqlite ${profile}/places.sqlite-wal`,
    'profile home/anna/.config/chromium: home/anna/.config/chromium/Default/Cookies home/anna/.config/chromium/Local State',
    'repository srv/code/.git: srv/code/.git/HEAD',
  ]);
});

test('what moved, or is gone as a whole, is one already', () => {
  const moved: Change = { kind: 'moved', path: 'srv/new', from: 'srv/old', entry: entry('srv/new/') };
  const carried = { ...changed('srv/new/.git/HEAD'), partOf: 'srv/new' };
  assert.deepEqual(groups([moved, carried, changed('srv/new/.git/x')]), []);
  assert.deepEqual(groups([{ kind: 'deleted', path: 'srv/.git', before: 'd' }]), []);
});

test('what joined a group since is chosen with it', () => {
  const all = [changed('srv/a'), changed('srv/a-wal'), changed('srv/b')];
  const chosen = withGroups(
    all,
    findGroups(all, () => false),
    (path) => path === 'srv/a',
  );
  assert.deepEqual(
    chosen.map(({ path }) => path),
    ['srv/a', 'srv/a-wal'],
  );
});
