/** Numbers and order of packages' accounts do not depend on the order in which they were made. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { inOrder, numbersByName } from '../../../../src/core/records/numbers-by-name.js';

const PASSWD = 'root:x:0:0:root:/root:/bin/bash\n_apt:x:42:65534::/nonexistent:/usr/sbin/nologin\n';
const GROUP = 'root:x:0:\nusers:x:100:\n';
const NONE = { users: {}, groups: {} };

function texts(names: readonly string[]) {
  const passwd = PASSWD + names.map((name, i) => `${name}:x:${101 + i}:${101 + i}::/:/bin/false\n`).join('');
  const group = GROUP + names.map((name, i) => `${name}:x:${101 + i}:\n`).join('');
  return { passwd, group, subuid: undefined, subgid: undefined };
}

const names = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/), { maxLength: 30 }).filter((all) => {
  return !all.includes('root') && !all.includes('users');
});

test('numbers follow from the names, whatever their order; all differ, a user has that of its group', () => {
  const property = fc.property(names, (all) => {
    const one = numbersByName(texts(all), NONE);
    assert.deepEqual(numbersByName(texts([...all].reverse()), NONE), one);
    const numbers = Object.values(one.users);
    assert.equal(new Set(numbers).size, all.length);
    assert.ok(numbers.every((number) => number >= 101 && number <= 999));
    assert.deepEqual(one.users, one.groups);
  });
  fc.assert(property);
});

test('Debian has its own numbers, and so has who asks for one', () => {
  const fixed = { users: { messagebus: 101 }, groups: { messagebus: 101 } };
  const given = numbersByName(texts(['messagebus', 'avahi']), fixed);
  assert.deepEqual(Object.keys(given.users), ['avahi']);
  assert.notEqual(given.users.avahi, 101);
});

test('two names that want one number: the first by name has it', () => {
  const pair = collision();
  const given = numbersByName(texts(pair), NONE).users;
  const alone = numbersByName(texts([pair[0] as string]), NONE).users;
  assert.equal(given[pair[0] as string], alone[pair[0] as string]);
  assert.equal(given[pair[1] as string], (alone[pair[0] as string] as number) + 1);
});

test('a group that its package left out of gshadow is there, without a password', () => {
  const files = {
    passwd: PASSWD,
    group: `${GROUP}alpha:x:130:root\nbeta:x:131:\n`,
    gshadow: 'root:*::\nbeta:x::\n',
  };
  assert.deepEqual(inOrder(files).gshadow?.split('\n').sort(), ['', 'alpha:!::root', 'beta:!::', 'root:*::']);
});

function collision(): string[] {
  const seen = new Map<number, string>();
  for (let i = 0; ; i++) {
    const name = `name${String(i).padStart(4, '0')}`;
    const number = numbersByName(texts([name]), NONE).users[name] as number;
    const other = seen.get(number);
    if (other !== undefined && number < 999) return [other, name];
    seen.set(number, name);
  }
}

test("lines: Debian's by number, packages' by name, members by name; the others follow", () => {
  const files = {
    passwd: `${PASSWD}zeta:x:120:120::/:\nalpha:x:130:130::/:\n`,
    group: `${GROUP}zeta:x:120:c,a,b\nalpha:x:130:\n`,
    shadow: 'zeta:!:1::::::\n_apt:!:1::::::\nalpha:!:1::::::\nroot:!:1::::::\n',
    gshadow: 'zeta:!::b,a\nusers:!::\nalpha:!::\nroot:*::\n',
  };
  const sorted = inOrder(files);
  const order = (text = ''): string[] => text.split('\n').map((line) => line.split(':')[0] ?? '');
  assert.deepEqual(order(sorted.passwd), ['root', '_apt', 'alpha', 'zeta', '']);
  assert.deepEqual(order(sorted.shadow), ['root', '_apt', 'alpha', 'zeta', '']);
  assert.deepEqual(order(sorted.group), ['root', 'users', 'alpha', 'zeta', '']);
  assert.deepEqual(order(sorted.gshadow), ['root', 'users', 'alpha', 'zeta', '']);
  assert.match(sorted.group, /^zeta:x:120:a,b,c$/m);
  assert.match(sorted.gshadow ?? '', /^zeta:!::a,b$/m);
});
