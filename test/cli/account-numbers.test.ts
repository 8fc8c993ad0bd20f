/** Numbers of accounts from one build to the next: in a tree with real owners, and in real builds. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lchownSync,
  lstatSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { keepTreeNumbers, treeNumbers } from '../../src/host/customise/kept-numbers.js';
import { machine, smallTree } from '../unit/host/customise/small-tree.js';
import { mkma, temporary } from './cli.js';
import { inOwnMounts } from './persist/namespace.js';
import { writeSmall } from './small.js';

inOwnMounts(import.meta.url);

const numberOf = (root: string, file: string, name: string): number | undefined => {
  const line = readFileSync(join(root, 'etc', file), 'utf8')
    .split('\n')
    .find((one) => one.startsWith(`${name}:`));
  return line === undefined ? undefined : Number(line.split(':')[2]);
};

test('owners, ACLs, capabilities, set-user-ID bits and odd names follow; others stay', async () => {
  using folder = temporary();
  const { root, files } = smallTree(folder.path, { uid: 1001, gid: 1002 });
  const at = (name: string): string => join(root, name);
  const odd = Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0x0a])]);
  for (const name of [at('plain'), at('others'), odd]) writeFileSync(name, 'x');
  chownSync(at('plain'), 1001, 33);
  chownSync(odd, 1001, 1002);
  chmodSync(at('plain'), 0o4755);
  symlinkSync('nowhere', at('link'));
  lchownSync(at('link'), 1001, 1002);
  execFileSync('setcap', ['cap_net_raw=ep', at('plain')]);
  execFileSync('setfacl', ['-m', 'u:1001:r,g:1002:r,u:998:r', at('others')]);
  const last = { users: { anna: 1000 }, groups: { anna: 1000, 'www-data': 77 }, subuid: {}, subgid: {} };
  const { signal } = new AbortController();
  const done = await keepTreeNumbers(root, files, machine({}), last, signal);
  assert.deepEqual(done, { ok: true, value: [] });
  const facts = (name: string | Buffer) => {
    const { mode, uid, gid } = lstatSync(name);
    return [mode & 0o7777, uid, gid];
  };
  assert.deepEqual(facts(at('plain')), [0o4755, 1000, 33]);
  assert.deepEqual(facts(odd).slice(1), [1000, 1000]);
  assert.deepEqual(facts(at('link')).slice(1), [1000, 1000]);
  assert.deepEqual(facts(at('others')).slice(1), [0, 0]);
  assert.match(execFileSync('getcap', [at('plain')], { encoding: 'utf8' }), /cap_net_raw/);
  const acl = execFileSync('getfacl', ['-n', '-c', '-p', at('others')], { encoding: 'utf8' });
  assert.match(acl, /^user:1000:r--$/m);
  assert.match(acl, /^group:1000:r--$/m);
  assert.match(acl, /^user:998:r--$/m);
  assert.deepEqual(treeNumbers(root)?.users, { root: 0, anna: 1000, sync: 998 });
  assert.equal(numberOf(root, 'group', 'www-data'), 33);
});

/** Everything of a tree, with owners by name: what differs between two is more than numbers. */
function byName(root: string): string[] {
  const names = (file: string): Map<string, string> =>
    new Map(
      readFileSync(join(root, 'etc', file), 'utf8')
        .split('\n')
        .map((line) => line.split(':'))
        .reverse()
        .map(([name = '', , number = '']) => [number, name]),
    );
  const [users, groups] = [names('passwd'), names('group')];
  const listing = execFileSync('find', ['.', '-printf', '%U %G %m %y %P %l\\0'], {
    ...{ cwd: root, encoding: 'latin1', maxBuffer: 2 ** 28 },
  });
  return listing
    .split('\0')
    .map((line) =>
      line.replace(
        /^(\d+) (\d+)/,
        (_, user, group) => `${users.get(user) ?? user} ${groups.get(group) ?? group}`,
      ),
    )
    .sort();
}

test('packages and users in another order, from build to build', async () => {
  using folder = temporary();
  const build = async (name: string, ...fields: string[]): Promise<string> => {
    const output = join(folder.path, name);
    const config = writeSmall(folder.path, 'numbers', ...fields);
    // A process reads a definition once.
    const { code, stderr } = await mkma(['build', '--config', config, '--output', output]);
    assert.equal(code, 0, stderr);
    return stderr;
  };
  const numbers = (name: string) =>
    ['messagebus', 'avahi', '_chrony', 'zoe', 'anna'].map((one) =>
      numberOf(join(folder.path, name, 'chroot'), 'passwd', one),
    );
  const before = ["packages: ['kmod', 'avahi-daemon']", 'users: { zoe: {} }'];
  const after = ["packages: ['kmod', 'avahi-daemon', 'chrony']", 'users: { anna: {}, zoe: {} }'];
  await build('kept', ...before);
  const first = numbers('kept');
  await build('kept', ...after);
  const [messagebus, avahi, chrony, zoe, anna] = numbers('kept');
  assert.deepEqual([messagebus, avahi, undefined, zoe, undefined], first);
  const stamps = () =>
    ['base.cpio.zst', 'chroot'].map((one) => statSync(join(folder.path, 'kept', one)).mtimeMs);
  const built = stamps();
  await build('kept', ...after);
  assert.deepEqual(stamps(), built);
  // From nothing those of packages follow from their names; a user would have moved: otherwise this test shows nothing.
  await build('new', ...after);
  assert.deepEqual(numbers('new').slice(0, 2), first.slice(0, 2));
  assert.notEqual(numbers('new')[3], zoe);
  assert.ok(chrony !== undefined && anna !== undefined && chrony !== messagebus && anna !== zoe);
  const tree = (name: string): string => join(folder.path, name, 'chroot');
  assert.deepEqual(byName(tree('kept')), byName(tree('new')));
  // A number that somebody asks for is given, and the build says whose it was.
  const fixed = `users: { anna: {}, bob: { uid: ${avahi}, system: true }, zoe: {} }`;
  const said = await build('kept', after[0] as string, fixed);
  assert.match(
    said,
    new RegExp(`user avahi is \\d+, no longer ${avahi} as in the last build: bob has that number`),
  );
  assert.equal(numberOf(tree('kept'), 'passwd', 'bob'), avahi);
  // Without the record of an older mkma, the tree itself is what is known.
  const state = join(folder.path, 'kept/.mkma/state.json');
  const { stages, ...others } = JSON.parse(readFileSync(state, 'utf8'));
  const { accounts, ...older } = stages;
  assert.ok(accounts !== undefined);
  writeFileSync(state, JSON.stringify({ ...others, stages: older }));
  await build('kept', ...after);
  assert.equal(numberOf(tree('kept'), 'passwd', 'zoe'), zoe);
});
