import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mapOf, parseSubIds, refusal } from '../../../../src/host/sys/sub-ids.js';
import {
  hasOwnUsers,
  idsFromZero,
  joined,
  keepsIds,
  parseIdMap,
} from '../../../../src/host/sys/user-namespace.js';

test('users of a namespace of its own are recognised by their map', () => {
  const own = (text: string) => hasOwnUsers(parseIdMap(text));
  assert.ok(!own('         0          0 4294967295\n'));
  assert.ok(own('         0       1000          1\n         1     100000      65536\n'));
  assert.ok(own('         0     100000      65536\n'));
  assert.ok(own(''));
});

test('ids count from 0 up to the first gap, in whatever order they are mapped', () => {
  const ids = (text: string) => idsFromZero(parseIdMap(text));
  assert.equal(ids('0 1000 1\n1 100000 65536\n'), 65537);
  assert.equal(ids('1001 500000 70000\n0 1000 1\n1 100000 1000\n'), 71001);
  assert.equal(ids('0 1000 1\n2 100000 65536\n'), 1);
  assert.equal(ids('1 100000 65536\n'), 0);
});

test('ranges as getsubids prints them; one by name and by number counts once', () => {
  const [first, second] = [
    { start: 300000, count: 1000 },
    { start: 400000, count: 70000 },
  ];
  assert.deepEqual(parseSubIds('0: builder 300000 1000\n1: builder 400000 70000\n'), [first, second]);
  assert.deepEqual(parseSubIds('0: 4711 300000 1000\n1: 4711 300000 1000\n'), [first]);
  assert.deepEqual(parseSubIds('0: x 300000 0\n'), []);
  assert.deepEqual(mapOf(4711, [first, second]), [
    { inside: 0, outside: 4711, count: 1 },
    { inside: 1, outside: 300000, count: 1000 },
    { inside: 1001, outside: 400000, count: 70000 },
  ]);
});

test('a missing or small range is refused, with the command that gives one which nobody has', () => {
  const whole = [{ start: 100000, count: 65536 }];
  const refused = (users: typeof whole, groups: typeof whole, taken: string[] = []) => {
    const problem = refusal('builder', users, groups, taken);
    return problem === undefined ? undefined : [problem.code, problem.next];
  };
  const usermod = (options: string) => `give the user a range: sudo usermod ${options} builder`;
  const ranges = (start: number) => `${start}-${start + 65535}`;
  assert.equal(refused(whole, whole), undefined);
  // Exactly up to nobody, who is 65534.
  assert.equal(refused([{ start: 1, count: 65534 }], whole), undefined);
  assert.deepEqual(refused([], []), [
    'no-subordinate-ids',
    usermod(`--add-subuids ${ranges(100000)} --add-subgids ${ranges(100000)}`),
  ]);
  assert.deepEqual(refused([{ start: 1, count: 65533 }], whole, ['other:100000:65536', '', 'x']), [
    'too-few-subordinate-ids',
    usermod(`--add-subuids ${ranges(165536)}`),
  ]);
  assert.deepEqual(refused(whole, []), ['no-subordinate-ids', usermod(`--add-subgids ${ranges(100000)}`)]);
});

test('owners stay what they were while the ranges are only extended or split', () => {
  const maps = (text: string) => {
    const map = joined(parseIdMap(text));
    return { users: map, groups: map };
  };
  const then = maps('0 1000 1\n1 100000 65536\n');
  const kept = (text: string) => keepsIds(maps(text), then);
  assert.ok(kept('0 1000 1\n1 100000 65536\n'));
  assert.ok(kept('0 1000 1\n1 100000 1000\n1001 101000 64536\n'));
  assert.ok(kept('0 1000 1\n1 100000 65536\n65537 300000 10\n'));
  assert.ok(!kept('0 1000 1\n1 100000 65535\n'));
  assert.ok(!kept('0 1000 1\n1 100001 65536\n'));
  assert.ok(!kept('0 1001 1\n1 100000 65536\n'));
});
