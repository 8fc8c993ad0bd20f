/** Numbers of accounts from one build to the next. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AccountNumbers,
  type AccountTexts,
  keepNumbers,
  numbersIn,
  numbersToKeep,
} from '../../../../src/core/records/kept-numbers.js';

type Numbers = Readonly<Record<string, number>>;

const user = (name: string, uid: number, gid = uid): string => `${name}:x:${uid}:${gid}::/:/bin/sh\n`;
/** Accounts, each a user with a group of its own, and more groups. */
const texts = (users: Numbers, groups: Numbers = {}): AccountTexts => ({
  passwd: `root:x:0:0::/root:/bin/sh\n${Object.entries(users)
    .map(([name, id]) => user(name, id))
    .join('')}`,
  group: `root:x:0:\n${Object.entries({ ...users, ...groups })
    .map(([name, id]) => `${name}:x:${id}:\n`)
    .join('')}`,
  subuid: undefined,
  subgid: undefined,
});
const NOTHING_FIXED = { users: {}, groups: {} };
const NONE: AccountNumbers = { users: {}, groups: {}, subuid: {}, subgid: {} };
const last = (users: Numbers, groups: Numbers = {}): AccountNumbers => numbersIn(texts(users, groups));

test('accounts get the numbers that they had, in whatever order they were made', () => {
  const {
    texts: made,
    moves,
    displaced,
  } = keepNumbers(texts({ chrony: 110, avahi: 111 }), last({ avahi: 110, chrony: 111 }), NOTHING_FIXED);
  assert.deepEqual(made, texts({ chrony: 111, avahi: 110 }));
  assert.deepEqual(
    [...moves.users],
    [
      [110, 111],
      [111, 110],
    ],
  );
  assert.deepEqual(
    [...moves.groups],
    [
      [110, 111],
      [111, 110],
    ],
  );
  assert.deepEqual(displaced, []);
});

test('a first build changes nothing', () => {
  const first = {
    ...texts({ a: 110, b: 999, anna: 1000 }, { a: 7, netdev: 111 }),
    subuid: 'anna:100000:65536\n# x\n',
  };
  assert.deepEqual(keepNumbers(first, NONE, NOTHING_FIXED).texts, first);
});

test('a new account keeps its own number, or gets the next that nobody has or had; user and group together', () => {
  const had = last({ avahi: 110, gone: 111 });
  const { texts: made } = keepNumbers(texts({ chrony: 110, avahi: 111, polkit: 115 }), had, NOTHING_FIXED);
  assert.deepEqual(made, texts({ chrony: 112, avahi: 110, polkit: 115 }));
});

test('a number that the definition or a package fixes is that account’s, and the build says who lost it', () => {
  const fixed = { users: { web: 110 }, groups: { web: 110 } };
  const { texts: made, displaced } = keepNumbers(texts({ avahi: 115 }), last({ avahi: 110 }), fixed);
  assert.deepEqual(made, texts({ avahi: 115 }));
  // Before the account is there, nobody has it.
  assert.deepEqual(displaced, []);
  const after = keepNumbers(texts({ avahi: 115, web: 110 }), last({ avahi: 110 }), fixed);
  assert.deepEqual(after.displaced, [
    { kind: 'users', name: 'avahi', from: 110, to: 115, by: 'web' },
    { kind: 'groups', name: 'avahi', from: 110, to: 115, by: 'web' },
  ]);
  // A first build as well: useradd would fail.
  assert.deepEqual(keepNumbers(texts({ avahi: 110 }), NONE, fixed).texts, texts({ avahi: 111 }));
});

test('numbers that Debian assigns stay, and so does the group users', () => {
  const had = last({ games: 50, web: 99 }, { users: 777 });
  const now = texts({ games: 5, nobody: 65534 }, { users: 100 });
  const { texts: made } = keepNumbers(now, had, { users: { anna: 100 }, groups: { anna: 100 } });
  assert.deepEqual(made, now);
});

test('several names of one number stay as they are', () => {
  const now = texts({ anna: 1000, toor: 1000 });
  assert.deepEqual(keepNumbers(now, last({ anna: 1001 }), NOTHING_FIXED).texts, now);
});

test('primary groups follow, members and other lines stay', () => {
  const now = { ...texts({}), passwd: `${user('a', 110, 111)}+nis::::::\n`, group: 'b:x:111:a,c\n+:::\n' };
  const had = { ...NONE, users: { a: 110 }, groups: { b: 777 } };
  const { texts: made } = keepNumbers(now, had, NOTHING_FIXED);
  assert.equal(made.passwd, `${user('a', 110, 777)}+nis::::::\n`);
  assert.equal(made.group, 'b:x:777:a,c\n+:::\n');
});

test('ranges of subordinate numbers stay as well', () => {
  const now = { ...texts({}), subuid: 'anna:100000:65536\nzoe:165536:65536\n' };
  const had = { ...NONE, subuid: { zoe: 'zoe:100000:65536' } };
  assert.equal(keepNumbers(now, had, NOTHING_FIXED).texts.subuid, 'anna:165536:65536\nzoe:100000:65536\n');
});

test('the next build also knows accounts that this one lacks, unless somebody has their numbers', () => {
  const kept = numbersToKeep(last({ avahi: 110, chrony: 111 }), last({ web: 111, new: 112 }));
  assert.deepEqual(kept.users, { avahi: 110, new: 112, root: 0, web: 111 });
});
