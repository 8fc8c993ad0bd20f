/** The list has few lines, and what is kept of it is what was kept of all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  keptChanges,
  type ListLine,
  parseList,
  renderLine,
  renderList,
} from '../../../../src/core/overlay/change-list.js';
import type { Change } from '../../../../src/core/overlay/changes.js';
import { findGroups } from '../../../../src/core/overlay/groups.js';
import {
  fullLines,
  type ListFacts,
  shortLines,
  shortUnits,
} from '../../../../src/core/overlay/short-list.js';
import { entry, tree } from '../entry.js';

const as =
  (kind: 'new' | 'changed') =>
  (path: string): Change => {
    const found = entry(path);
    return { kind, path: found.path, entry: found, ...(kind === 'new' ? {} : { before: found.type }) };
  };
const [made, changed] = [as('new'), as('changed')];
const factsOf = (changes: readonly Change[], packages: ListFacts['packages'] = new Map()): ListFacts => ({
  groups: findGroups(changes, () => false),
  packages,
});
const shown = (lines: readonly ListLine[]): string[] =>
  lines.map((line) => renderLine(line).replace(/ +/g, ' '));

/** What is kept if lines are kept. */
function kept(
  changes: readonly Change[],
  lines: readonly ListLine[],
  keep: (line: string) => boolean,
): string[] {
  const text = renderList(lines, []).split('\n').filter(keep).join('\n');
  const parsed = parseList(text, lines);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return keptChanges(changes, lines, parsed.value.paths, factsOf(changes).groups).map(({ path }) => path);
}

const CHANGES = [
  changed('etc/hosts'),
  made('root/.ssh/'),
  made('root/.ssh/id_ed25519'),
  made('root/.ssh/id_ed25519.pub'),
  made('root/empty/'),
  changed('srv/a.db'),
  changed('srv/a.db-wal'),
  changed('usr/bin/htop'),
];

test('new folders, and what belongs together, are one line; secrets and files of packages are marked', () => {
  const facts = factsOf(CHANGES, new Map([['usr/bin/htop', 'htop']]));
  assert.deepEqual(shown(shortLines(CHANGES, facts, 0)), [
    'changed 10 B /etc/hosts',
    'new 20 B /root/.ssh (2 files, secret)',
    'new 0 B /root/empty',
    'database 20 B /srv/a.db (2 files)',
    'changed 10 B /usr/bin/htop (of package htop)',
  ]);
  assert.deepEqual(shown(fullLines(CHANGES, facts)), [
    'folder 10 B /etc',
    'changed 10 B /etc/hosts',
    'folder 20 B /root',
    'new 20 B /root/.ssh',
    'new 10 B /root/.ssh/id_ed25519 (secret)',
    'new 10 B /root/.ssh/id_ed25519.pub',
    'new 0 B /root/empty',
    'folder 20 B /srv',
    'database 20 B /srv/a.db (2 files)',
    'folder 10 B /usr',
    'folder 10 B /usr/bin',
    'changed 10 B /usr/bin/htop (of package htop)',
  ]);
});

test('a line stands for all in it', () => {
  const lines = shortLines(CHANGES, factsOf(CHANGES), 0);
  const without = (...paths: string[]) =>
    CHANGES.map(({ path }) => path).filter((path) => !paths.some((one) => path.startsWith(one)));
  assert.deepEqual(
    kept(CHANGES, lines, () => true),
    without(),
  );
  assert.deepEqual(
    kept(CHANGES, lines, (line) => !line.includes('.ssh')),
    without('root/.ssh'),
  );
  assert.deepEqual(
    kept(CHANGES, lines, (line) => !line.includes('a.db')),
    without('srv/a.db'),
  );
});

test('names that look like what is said of a line do not stand for another', () => {
  const odd = [made('srv/x/'), made('srv/x/a'), made('srv/x (1 file)')];
  const lines = shortLines(odd, factsOf(odd), 0);
  assert.deepEqual(shown(lines), ['new 10 B /srv/x (1 file)', 'new 10 B "/srv/x (1 file)"']);
  assert.deepEqual(
    kept(odd, lines, (line) => line.includes('"') || line.startsWith('#')),
    ['srv/x (1 file)'],
  );
  assert.deepEqual(
    kept(odd, lines, (line) => !line.includes('"')),
    ['srv/x', 'srv/x/a'],
  );
});

test('a folder in which something was moved shows it', () => {
  const all: Change[] = [
    made('srv/new/'),
    made('srv/new/a'),
    { kind: 'moved', path: 'srv/new/b', from: 'srv/b', entry: entry('srv/new/b/') },
    { ...made('srv/new/b/carried'), partOf: 'srv/new/b' },
  ];
  assert.deepEqual(shown(shortLines(all, factsOf(all), 0)), [
    'new 20 B /srv/new',
    'new 10 B /srv/new/a',
    'moved 10 B /srv/b -> /srv/new/b',
  ]);
});

test('many changes: the deepest folders are one line each, and the list has at most forty', () => {
  const files = Array.from({ length: 30 }, (_, i) => [
    `home/a/.config/${i}/x`,
    `home/a/.config/${i}/y`,
  ]).flat();
  const all = ['etc/a', 'etc/b', ...files].map(changed);
  const lines = shortLines(all, factsOf(all), 5);
  assert.equal(lines.length, 35);
  assert.deepEqual(shown(lines).slice(0, 3), [
    'changed 10 B /etc/a',
    'changed 10 B /etc/b',
    'folder 20 B /home/a/.config/0 (2 changes)',
  ]);
  assert.deepEqual(shown(shortLines(all, factsOf(all), 20)), [
    'changed 10 B /etc/a',
    'changed 10 B /etc/b',
    'folder 600 B /home/a/.config (60 changes)',
  ]);
});

test('random trees: at most forty lines, all of them are all changes, and none without its line', () => {
  const part = fc.constantFrom('a', 'b', 'c', 'd-wal', 'd', 'e (secret)', '.git');
  const path = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'));
  fc.assert(
    fc.property(fc.uniqueArray(path, { maxLength: 300 }), fc.nat(), (paths, seed) => {
      const entries = tree(...paths).filter(({ path: one }) => one !== '.');
      // A folder is as it was, or new with all in it.
      const isNew = new Set<string>();
      const changes = entries.flatMap((found, i): Change[] => {
        const above = found.path.slice(0, Math.max(0, found.path.lastIndexOf('/')));
        const folder = entries.some((other) => other.path.startsWith(`${found.path}/`));
        const one = folder ? { ...found, type: 'd' as const, size: 0 } : found;
        if (isNew.has(above) || (seed + i) % 7 === 0) {
          if (folder) isNew.add(found.path);
          return [{ kind: 'new', path: found.path, entry: one }];
        }
        return folder ? [] : [{ kind: 'changed', path: found.path, entry: one, before: 'f' }];
      });
      const facts = factsOf(changes);
      const lines = shortLines(changes, facts, 0);
      assert.ok(lines.length <= 40, String(lines.length));
      assert.equal(new Set(lines.map(renderLine)).size, lines.length);
      const all = changes.map((change) => change.path);
      assert.deepEqual(
        kept(changes, lines, () => true),
        all,
      );
      const parts = lines.map((line) => kept(changes, lines, (text) => text === renderLine(line)));
      assert.deepEqual(parts.flat().sort(), [...all].sort());
    }),
    { numRuns: 300 },
  );
});

test('many packages: those that others need are one line, which stands for each of them', () => {
  const line = (kind: 'package' | 'account', name: string, isAutomatic = false) => ({
    ...{ kind, text: `${name} 1 (new)`, bytes: 1024, isAutomatic },
  });
  const few = [line('package', 'a'), line('package', 'lib', true)];
  assert.equal(shortUnits(few), few);
  const libraries = Array.from({ length: 40 }, (_, i) => line('package', `lib${i}`, true));
  const all = [line('package', 'a'), ...libraries, line('package', 'z'), line('account', 'anna')];
  const short = shortUnits(all);
  assert.deepEqual(
    short.map((one) => one.text),
    ['a 1 (new)', 'z 1 (new)', '40 that others need: lib0, lib1, lib2, and 37 more', 'anna 1 (new)'],
  );
  assert.deepEqual(
    short.flatMap(({ stands }) => stands ?? []).sort((a, b) => a - b),
    all.map((_, i) => i),
  );
  const parsed = parseList(renderList([], [], short), [], short);
  assert.ok(parsed.ok && parsed.value.units.size === 4);
});
