/** Layers on other accounts than they were made on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ChainLayer, composeChain } from '../../../../src/core/records/compose.js';
import { databaseOf } from '../../../../src/core/records/databases.js';
import { type Delta, diffOf } from '../../../../src/core/records/delta.js';
import { idMapOption } from '../../../../src/core/records/id-map.js';
import { inRange } from '../../../../src/core/records/ranges.js';
import { parseNames, type Records } from '../../../../src/core/records/records.js';

type Texts = Readonly<Record<string, string>>;

/** Accounts of these names and numbers, each with a group of its own. */
function accounts(all: Readonly<Record<string, number>>): Texts {
  const lines = (line: (name: string, id: number) => string) =>
    Object.entries({ root: 0, ...all })
      .map(([name, id]) => `${line(name, id)}\n`)
      .join('');
  return {
    'etc/passwd': lines((name, id) => `${name}:x:${id}:${id}::/home/${name}:/bin/sh`),
    'etc/group': lines((name, id) => `${name}:x:${id}:`),
    'etc/shadow': lines((name) => `${name}:!${name}:20421::::::`),
    'etc/subuid': '',
    'etc/subgid': '',
  };
}

/** A layer that makes `after` of `before`, with files of these numbers. */
function layer(name: string, before: Texts, after: Texts, ids: readonly number[] = []): ChainLayer {
  const own: Record<string, Delta> = {};
  const texts: Record<string, string> = {};
  for (const [path, text] of Object.entries(after)) {
    if (text === before[path]) continue;
    texts[path] = text;
    const database = databaseOf(path);
    assert.ok(database !== undefined);
    own[path] = diffOf(database, before[path] ?? '', text) as Delta;
  }
  const [users, groups] = [parseNames(after['etc/passwd'] ?? ''), parseNames(after['etc/group'] ?? '')];
  const ranges = databaseOf('etc/subuid')?.parse(after['etc/subuid'] ?? '') ?? new Map();
  const owner = (names: Readonly<Record<string, string>>) =>
    Object.fromEntries(ids.map((id) => [String(id), names[id] ?? inRange(ranges, id) ?? null]));
  const records: Records = {
    files: {},
    users,
    groups,
    own,
    owners: { users: owner(users), groups: owner(groups) },
  };
  return { name, records, text: (path) => texts[path] };
}

/** What a base and layers come to: the composed files, and where the first layer's owners belong. */
function composed(base: Texts, ...layers: ChainLayer[]) {
  return composedWith(false, base, ...layers);
}

function composedWith(apart: boolean, base: Texts, ...layers: ChainLayer[]) {
  const { files, layers: all } = composeChain((path) => base[path] ?? null, layers, apart);
  const moves = layers.map(({ name }) => Object.fromEntries(all.get(name)?.moves.users ?? []));
  return { files, moves };
}

test('two accounts of one number: the one below keeps it, and the files follow', () => {
  const old = accounts({});
  const anna = layer('anna', old, accounts({ anna: 1000 }), [0, 1000]);
  const { files, moves } = composed(accounts({ bob: 1000 }), anna);
  assert.equal(
    files.get('etc/passwd'),
    'root:x:0:0::/home/root:/bin/sh\nbob:x:1000:1000::/home/bob:/bin/sh\nanna:x:1001:1001::/home/anna:/bin/sh\n',
  );
  assert.equal(files.get('etc/group'), 'root:x:0:\nbob:x:1000:\nanna:x:1001:\n');
  assert.equal(
    files.get('etc/shadow'),
    'root:!root:20421::::::\nbob:!bob:20421::::::\nanna:!anna:20421::::::\n',
  );
  assert.deepEqual(moves, [{ 1000: 1001 }]);
  // A later layer with files of hers, made where she had her own number.
  const more = layer('more', accounts({ anna: 1000 }), accounts({ anna: 1000 }), [1000]);
  assert.deepEqual(composed(accounts({ bob: 1000 }), anna, more).moves, [{ 1000: 1001 }, { 1000: 1001 }]);
  // Where bob is not, all is as it was made.
  const same = composed(old, anna, more);
  assert.deepEqual([...same.files.keys()], []);
  assert.deepEqual(same.moves, [{}, {}]);
});

test('an account that is below under another number has that one', () => {
  const foo = layer('foo', accounts({}), accounts({ _foo: 990 }), [990]);
  const { files, moves } = composed(accounts({ _bar: 990, _foo: 995 }), foo);
  assert.equal(files.get('etc/group'), 'root:x:0:\n_bar:x:990:\n_foo:x:995:\n');
  assert.deepEqual(moves, [{ 990: 995 }]);
});

test("an account that is gone: its files are nobody else's", () => {
  const files = layer('files', accounts({ anna: 1000 }), accounts({ anna: 1000 }), [1000]);
  assert.deepEqual(composed(accounts({}), files).moves, [{}]);
  assert.deepEqual(composed(accounts({ bob: 1000, carl: 1001 }), files).moves, [{ 1000: 1002 }]);
  // One that had no name.
  assert.deepEqual(composed(accounts({ bob: 1000 }), layer('x', accounts({}), accounts({}), [1000])).moves, [
    { 1000: 1001 },
  ]);
});

test('an account that is gone: its files get a number that no later account gets, unless a layer above has it', () => {
  const files = layer('files', accounts({ anna: 1000 }), accounts({ anna: 1000 }), [0, 1000]);
  const moved = (base: Texts, ...more: ChainLayer[]) => composedWith(true, base, files, ...more).moves;
  assert.deepEqual(moved(accounts({})), [{ 1000: 60_706 }]);
  assert.deepEqual(moved(accounts({ bob: 1000 })), [{ 1000: 60_706 }]);
  assert.deepEqual(moved(accounts({ anna: 1000 })), [{}]);
  // Made again above, with the same number or another.
  assert.deepEqual(moved(accounts({}), layer('b', accounts({}), accounts({ anna: 1000 }), [1000])), [{}, {}]);
  assert.deepEqual(
    moved(accounts({ bob: 1000 }), layer('b', accounts({}), accounts({ anna: 1000 }), [1000])),
    [{ 1000: 1001 }, { 1000: 1001 }],
  );
  // Another one above has got the number: also where none had a name.
  const bob = layer('b', accounts({}), accounts({ bob: 1000 }), [1000]);
  assert.deepEqual(moved(accounts({}), bob), [{ 1000: 60_706 }, {}]);
  const nameless = layer('n', accounts({}), accounts({}), [1000, 1001]);
  assert.deepEqual(composedWith(true, accounts({}), nameless, bob).moves, [{ 1000: 60_706 }, {}]);
  // Where it is already, it stays.
  const again = layer('a', accounts({}), accounts({}), [60_706]);
  assert.deepEqual(composedWith(true, accounts({}), again).moves, [{}]);
});

test('a user whose primary group is another one here', () => {
  const old: Texts = { ...accounts({}), 'etc/group': 'root:x:0:\nstaff:x:50:\n' };
  const after = { ...old, 'etc/passwd': `${old['etc/passwd']}anna:x:1000:50::/:/bin/sh\n` };
  const base = { ...accounts({}), 'etc/group': 'root:x:0:\nstaff:x:60:\n' };
  const { files } = composed(base, layer('anna', old, after));
  assert.match(files.get('etc/passwd') ?? '', /\nanna:x:1000:60::\/:\/bin\/sh\n$/);
});

test('ranges of numbers for containers move as a whole', () => {
  const old = accounts({ anna: 1000 });
  const after = { ...old, 'etc/subuid': 'anna:100000:65536\n' };
  const base = { ...accounts({ bob: 1000 }), 'etc/subuid': 'bob:100000:65536\n' };
  const anna = layer('anna', accounts({}), { ...after }, [1000, 100_000, 100_033]);
  const { files, moves } = composed(base, anna);
  assert.equal(files.get('etc/subuid'), 'bob:100000:65536\nanna:165536:65536\n');
  assert.deepEqual(moves, [{ 1000: 1001, 100000: 165_536, 100033: 165_569 }]);
});

test('packages of both; a layer that is not there takes its own with it', () => {
  const status = (...names: string[]): Texts => ({
    'var/lib/dpkg/status': names.map((name) => `Package: ${name}\nArchitecture: all\n\n`).join(''),
  });
  const htop = layer('htop', status('a'), status('a', 'htop'));
  const tree = layer('tree', status('a', 'htop'), status('a', 'htop', 'tree'));
  assert.deepEqual(
    composed(status('a', 'b'), htop, tree).files,
    new Map(Object.entries(status('a', 'b', 'htop', 'tree'))),
  );
  assert.deepEqual(composed(status('a'), tree).files, new Map(Object.entries(status('a', 'tree'))));
  assert.deepEqual(composed(status('a'), htop, tree).files, new Map());
});

test('on a file of another form a layer with records of its own is refused', () => {
  const odd: Texts = { 'var/lib/dpkg/status': 'odd\n' };
  const htop = layer('htop', {}, { 'var/lib/dpkg/status': 'Package: htop\n\n' });
  const refused = (base: Texts): string | undefined =>
    composeChain((path) => base[path] ?? null, [htop], false).layers.get('htop')?.refused;
  assert.equal(refused(odd), 'var/lib/dpkg/status');
  assert.equal(refused({}), undefined);
});

test("a primary group that is gone is nobody else's", () => {
  const old: Texts = { ...accounts({}), 'etc/group': 'root:x:0:\ndevs:x:1005:\n' };
  const after = { ...old, 'etc/passwd': `${old['etc/passwd']}anna:x:1000:1005::/:/bin/sh\n` };
  const base = { ...accounts({}), 'etc/group': 'root:x:0:\nadmins:x:1005:\n' };
  const { files } = composed(base, layer('anna', old, after, [1005]));
  assert.match(files.get('etc/passwd') ?? '', /\nanna:x:1000:1006::/);
});

test('what a layer has taken from a group stays taken, whatever else has changed of the group', () => {
  const old: Texts = { 'etc/group': 'sudo:x:27:a\n' };
  const revoked = layer('l', old, { 'etc/group': 'sudo:x:28:\n' });
  assert.equal(composed({ 'etc/group': 'sudo:x:27:a,b\n' }, revoked).files.get('etc/group'), 'sudo:x:27:b\n');
});

test('an alternative of which the layer removed its own choice, and the base has another', () => {
  const file = (path: string): string => `auto\n/usr/bin/gen\n\n${path}\n40\n\n`;
  const path = 'var/lib/dpkg/alternatives/gen';
  const removed: ChainLayer = {
    ...layer('l', { [path]: file('/bin/a') }, { [path]: '' }),
    text: (one) => (one === path ? null : undefined),
  };
  const { files, links } = composeChain((one) => (one === path ? file('/bin/b') : null), [removed], false);
  assert.equal(files.get(path), file('/bin/b'));
  assert.equal(links.get('etc/alternatives/gen'), '/bin/b');
});

test('a map for mount: everything but what moves stays', () => {
  const option = (users: readonly (readonly [number, number])[]) =>
    idMapOption({ users: new Map(users), groups: new Map() });
  assert.equal(option([]), undefined);
  assert.equal(
    option([[1000, 1002]]),
    'u:0:0:1000 u:1000:1002:1 u:1001:1001:1 u:1003:1003:4294966292 g:0:0:4294967295',
  );
  assert.match(
    option([
      [1, 2],
      [2, 1],
    ]) ?? '',
    /^u:0:0:1 u:1:2:1 u:2:1:1 u:3:3:4294967292 /,
  );
  assert.match(
    option([
      [5, 105],
      [6, 106],
    ]) ?? '',
    / u:5:105:2 u:7:7:98 u:107:/,
  );
  assert.throws(
    () =>
      option([
        [1, 3],
        [2, 3],
      ]),
    /two owners/,
  );
});

test('random chains: each account once, each file its owner by name', () => {
  const tape = fc.array(fc.nat(), { minLength: 64, maxLength: 64 });
  fc.assert(fc.property(tape, checkChain), { numRuns: 300 });
});

function checkChain(tape: readonly number[]): void {
  let at = 0;
  let fresh = 1008;
  const number = (most: number): number => (tape[at++ % tape.length] as number) % most;
  const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'];
  const some = (): Record<string, number> =>
    Object.fromEntries(NAMES.filter(() => number(2) === 0).map((name) => [name, 1000 + number(8)]));
  const distinct = (all: Record<string, number>): Record<string, number> => {
    const used = new Set<number>();
    return Object.fromEntries(Object.entries(all).filter(([, id]) => !used.has(id) && used.add(id)));
  };
  {
    let view = distinct(some());
    const layers: ChainLayer[] = [];
    const owned: Record<string, number>[] = [];
    for (let i = 0; i < 3; i++) {
      const next = { ...view };
      for (const name of NAMES) {
        if (number(3) > 0) continue;
        if (next[name] !== undefined) delete next[name];
        // No number is given out twice.
        else next[name] = fresh++;
      }
      layers.push(layer(`l${i}`, accounts(view), accounts(next), Object.values(next)));
      owned.push(next);
      view = next;
    }
    const base = accounts(distinct(some()));
    const left = layers.map((one, i) => ({ one, names: owned[i] ?? {} })).filter(() => number(4) > 0);
    const { files, moves } = composed(base, ...left.map(({ one }) => one));
    const top = left.findLast(({ one }) => one.text('etc/passwd') !== undefined)?.one;
    const final = files.get('etc/passwd') ?? top?.text('etc/passwd') ?? base['etc/passwd'] ?? '';
    const numbers = final.split('\n').flatMap((line) => line.split(':')[2] ?? []);
    assert.equal(new Set(numbers).size, numbers.length, final);
    const names = parseNames(final);
    for (const [i, { names: owners }] of left.entries()) {
      for (const [name, id] of Object.entries(owners)) {
        const here = moves[i]?.[id] ?? id;
        // Nobody else's; its own account's, unless that was removed by a later layer.
        assert.ok(names[here] === undefined || names[here] === name, `${name} ${id} ${here}\n${final}`);
        const kept = left.slice(i).every(({ names: later }) => later[name] === id);
        if (kept && Object.values(names).includes(name))
          assert.equal(names[here], name, `${name} ${id} ${here}\n${final}`);
      }
    }
  }
}
