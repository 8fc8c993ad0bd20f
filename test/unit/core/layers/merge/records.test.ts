/** Records of merged layers: those of both, whatever the layers were made on; numbers follow the accounts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeRecords, type SourceRecords } from '../../../../../src/core/layers/merge/records.js';
import { renumbered } from '../../../../../src/core/layers/merge/renumber.js';
import type { SourceEntry, SourceTree } from '../../../../../src/core/layers/merge/source.js';
import { mergeTrees } from '../../../../../src/core/layers/merge/tree.js';
import { databaseOf } from '../../../../../src/core/records/databases.js';
import { applyDelta, diffOf, mergeDeltas } from '../../../../../src/core/records/delta.js';
import { parseNames, type Records } from '../../../../../src/core/records/records.js';
import { Chance } from '../../../../cli/persist/random.js';

const PASSWD = 'etc/passwd';
const GROUP = 'etc/group';
const sum = (letter: string): string => letter.repeat(64);

const user = (name: string, id: number): string => `${name}:x:${id}:100::/home/${name}:/bin/sh\n`;

function entry(path: string, uid = 0): SourceEntry {
  const facts = { mode: 0o644, gid: 0, mtime: 0, size: 1, target: '', ino: path.length, nlink: 1, at: 0 };
  return { path, type: path === '.' || path === 'etc' ? 'd' : 'f', uid, ...facts };
}

/** A layer that changes passwd, if it is given one, and has files of these users. */
function source(
  below: string,
  own: string | undefined,
  {
    files = {},
    follows = false,
    names = own ?? below,
  }: { files?: Record<string, number>; follows?: boolean; names?: string },
): SourceRecords {
  const texts = new Map(own === undefined ? [] : [[PASSWD, own]]);
  const entries = [entry('.'), ...(own === undefined ? [] : [entry('etc'), entry(PASSWD)])];
  for (const [path, uid] of Object.entries(files)) entries.push(entry(path, uid));
  const none = { whiteouts: new Set<string>(), opaque: new Set<string>(), attributes: new Map() };
  const tree: SourceTree = {
    ...{ entries: new Map(entries.map((one) => [one.path, one])), metadata: new Map(), texts },
    ...none,
  };
  const users = parseNames(names);
  const owners = Object.fromEntries(Object.values(files).map((id) => [String(id), users[id] ?? null]));
  const delta = own === undefined ? undefined : diffOf(databaseOf(PASSWD) as never, below, own);
  const records: Records = {
    files: own === undefined ? {} : { [PASSWD]: sum('a') },
    ...(own === undefined ? {} : { users }),
    below: own === undefined ? {} : { [PASSWD]: sum('b') },
    owners: { users: owners, groups: {} },
    ...(delta === undefined ? {} : { own: { [PASSWD]: delta } }),
  };
  return { records, tree, texts, follows };
}

function merge(...sources: SourceRecords[]) {
  const { sources: numbered, conflicts } = renumbered(sources);
  const tree = mergeTrees(
    numbered.map((one) => one.tree),
    () => true,
  );
  const merged = mergeRecords(numbered, tree);
  return { ...merged, tree, conflicts: [...conflicts, ...merged.conflicts] };
}

const OLD = user('root', 0);
const ANNA = OLD + user('anna', 1000);

test('layers made on each other: keys in turn, later ones win, what is gone stays gone', () => {
  const both = merge(
    source(OLD, ANNA, { files: { a: 1000 } }),
    source(ANNA, ANNA + user('bob', 1001), { files: { b: 1001, a: 1001 }, follows: true }),
    source(ANNA + user('bob', 1001), OLD + user('bob', 1001), { follows: true }),
  );
  assert.deepEqual(both.records.own?.[PASSWD], { set: ['bob'], gone: ['anna'] });
  assert.deepEqual([both.records.users?.[1001], both.records.users?.[1000]], ['bob', undefined]);
  assert.deepEqual(both.records.owners, { users: { 1001: 'bob' }, groups: {} });
  assert.deepEqual(both.records.below, { [PASSWD]: sum('b') });
  assert.equal(both.texts.size, 0);
  assert.deepEqual(both.conflicts, []);
});

test('a number that was given to another account in between: one layer cannot say whose its files are', () => {
  const { conflicts } = merge(
    source(OLD, ANNA, { files: { a: 1000 } }),
    source(ANNA, OLD + user('bob', 1000), { files: { b: 1000 }, follows: true }),
  );
  assert.deepEqual(conflicts, ['user 1000']);
});

test('a layer that was made without the one below it: the file has the records of both', () => {
  const { texts, records, conflicts } = merge(
    source(OLD, ANNA, { files: { a: 1000 } }),
    source(OLD, OLD + user('bob', 1001), { files: { b: 1001 } }),
  );
  assert.equal(texts.get(PASSWD), OLD + user('bob', 1001) + user('anna', 1000));
  assert.deepEqual(records.own?.[PASSWD], { set: ['anna', 'bob'] });
  assert.deepEqual(records.users, { 0: 'root', 1000: 'anna', 1001: 'bob' });
  assert.deepEqual(conflicts, []);
});

test('on another base anna has another number: her files follow, and nobody else gets them', () => {
  // The new base has carol, who took the number of anna.
  const now = OLD + user('carol', 1000);
  const seen = now + user('anna', 1001);
  const { tree, records, texts, conflicts } = merge(
    source(OLD, ANNA, { files: { a: 1000 } }),
    source(seen, seen + user('bob', 1002), { files: { b: 1002 } }),
  );
  assert.deepEqual(conflicts, []);
  assert.equal(tree.entries.find(({ path }) => path === 'a')?.uid, 1001);
  assert.deepEqual(records.owners?.users, { 1001: 'anna', 1002: 'bob' });
  assert.equal(texts.size, 0);
  assert.deepEqual(records.own?.[PASSWD]?.set, ['anna', 'bob']);
  // The file of the merged layer says the same, also if only the lower one has it.
  const without = merge(
    source(OLD, ANNA, { files: { a: 1000 } }),
    source(seen, undefined, { files: { b: 1001 }, names: seen }),
  );
  assert.deepEqual(without.conflicts, []);
  assert.equal(without.texts.get(PASSWD), `${OLD}anna:x:1001:100::/home/anna:/bin/sh\n`);
  assert.deepEqual(without.records.users, { 0: 'root', 1001: 'anna' });
  const taken = merge(
    source(OLD, ANNA, { files: { a: 1000 } }),
    source(now, now + user('bob', 1001), { files: { b: 1000 } }),
  );
  assert.match(taken.conflicts.join(), /user 1000/);
});

test('changes of groups in turn are those of both: random ones, on what they were made on and on others', () => {
  const database = databaseOf(GROUP) as NonNullable<ReturnType<typeof databaseOf>>;
  const chance = new Chance(11);
  const names = ['ann', 'bob', 'cyd'];
  const random = (before?: string): string => {
    const entries = database.parse(before ?? '') ?? new Map<string, string>();
    for (let i = 1 + chance.number(4); i > 0; i--) {
      const name = chance.pick(['adm', 'disk', 'tape', 'video']);
      if (chance.number(4) === 0) entries.delete(name);
      else
        entries.set(name, `${name}:x:${name.length}:${names.filter(() => chance.number(2) === 0).join(',')}`);
    }
    return database.render(entries);
  };
  const members = (entries: ReadonlyMap<string, string>): string[] =>
    [...entries]
      .map(([key, record]) => `${key} ${[...(database.list?.namesIn(record) ?? [])].sort()}`)
      .sort();
  for (let round = 0; round < 2000; round++) {
    const base = random();
    const first = random(base);
    const second = random(first);
    const parse = (text: string): Map<string, string> => database.parse(text) ?? new Map();
    const [one, two] = [diffOf(database, base, first), diffOf(database, first, second)];
    assert.ok(one !== undefined && two !== undefined);
    const both = mergeDeltas(database, one, two, parse(second));
    for (const below of [base, random()]) {
      const inTurn = applyDelta(
        database,
        applyDelta(database, parse(below), parse(first), one),
        parse(second),
        two,
      );
      const once = applyDelta(database, parse(below), parse(second), both);
      // Elsewhere, a group that one of them made again may keep a member of below: as one layer would.
      if (below === base) assert.deepEqual(members(once), members(inTurn), `round ${round}`);
      else assert.deepEqual([...once.keys()].sort(), [...inTurn.keys()].sort(), `round ${round}`);
    }
  }
});
