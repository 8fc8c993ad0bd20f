/** Who gets in, judged by the tree that is packed. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { loginFiles } from '../../../../src/host/customise/logins.js';
import { loginsIn, openToAll } from '../../../../src/host/customise/tree-logins.js';
import { type MachineInput, machineSchema } from '../../../../src/host/definition/machine.js';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mkma-logins-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const put = (path: string, text = ''): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};

/** Users, each with a password field of shadow(5). */
function users(
  fields: Readonly<Record<string, string>>,
  shells: Readonly<Record<string, string>> = {},
): void {
  const all = Object.entries({ root: '!*', ...fields });
  const shell = (name: string): string => shells[name] ?? '/bin/bash';
  const home = (name: string): string => (name === 'root' ? '/root' : `/home/${name}`);
  const lines = all.map(
    ([name], i) => `${name}:x:${i && 999 + i}:${i && 999 + i}::${home(name)}:${shell(name)}\n`,
  );
  put('etc/passwd', lines.join(''));
  put('etc/shadow', all.map(([name, hash]) => `${name}:${hash}:1:0:99999:7:::\n`).join(''));
  put('etc/group', all.map(([name], i) => `${name}:x:${i && 999 + i}:\n`).join(''));
}

test('passwords, and shells that let nobody in', () => {
  users(
    { anna: '$y$j9T$salt$hash', guest: '', off: '!$y$j9T$salt$hash', robot: '$6$a$b' },
    { robot: '/usr/sbin/nologin' },
  );
  assert.deepEqual(loginsIn(root), ['anna with a password', 'guest with an empty password']);
  // passwd(5): a field that is not x is the password itself.
  put('etc/passwd', 'root:x:0:0::/root:/bin/bash\nold::1000:1000::/home/old:\nx:x:1001:1001::/:/bin/sh\n');
  put('etc/shadow', 'root:*:1::::::\n');
  assert.deepEqual(loginsIn(root), ['old with an empty password']);
  users({});
  assert.deepEqual(loginsIn(root), []);
  // getspnam(3) takes the first line of a name.
  put('etc/shadow', 'root::1::::::\nroot:*:1::::::\n');
  assert.deepEqual(loginsIn(root), ['root with an empty password']);
});

test('a unit that opens a session on a terminal at boot logs in', () => {
  users({ ada: '!' });
  put(
    'usr/lib/systemd/system/desk@.service',
    '[Service]\nUser=%i\nPAMName=login\nTTYPath=/dev/tty1\nExecStart=/x\n',
  );
  assert.deepEqual(loginsIn(root), [], 'it does not start');
  put('etc/systemd/system/graphical.target.wants/desk@ada.service');
  assert.deepEqual(loginsIn(root), ['ada automatically on tty1']);
});

test('terminals on which somebody is logged in, as the definition makes them and as others do', () => {
  users({ anna: '*' });
  const fields: MachineInput = { hostname: 'box', users: { root: { autologin: ['tty1', 'ttyS0'] } } };
  for (const [path, text] of Object.entries(loginFiles(machineSchema.parse(fields))))
    put(path.slice(1), text);
  put('etc/systemd/system/getty@tty3.service', '[Service]\nExecStart=-/sbin/agetty -o x -a anna - $TERM\n');
  put('etc/greetd/config.toml', '[terminal]\nvt = 1\n[initial_session]\ncommand = "sway"\nuser = "anna"\n');
  assert.deepEqual(loginsIn(root), [
    'root automatically on tty1, ttyS0',
    'anna automatically on tty3, greetd',
  ]);
});

test('keys count where an ssh server looks for them', () => {
  users({ anna: '*', ben: '*' });
  put('home/anna/.ssh/authorized_keys', '# none\n\nssh-ed25519 AAAA anna\n');
  put('home/ben/.ssh/authorized_keys', '# ssh-ed25519 AAAA ben\n');
  assert.deepEqual(loginsIn(root), [], 'nobody listens');
  put('usr/sbin/sshd');
  assert.deepEqual(loginsIn(root), ['anna with a key']);
  put('etc/ssh/sshd_config', '#AuthorizedKeysFile none\nAuthorizedKeysFile .ssh/authorized_keys\n');
  put('etc/ssh/sshd_config.d/keys.conf', 'AuthorizedKeysFile /etc/ssh/keys/%u\n');
  put('etc/ssh/keys/ben', 'ssh-ed25519 AAAA ben\n');
  assert.deepEqual(loginsIn(root), ['ben with a key']);
});

test('who becomes can sudo', () => {
  users({ anna: '$6$a$b', ben: '$6$a$b', carl: '$6$a$b' });
  put(
    'etc/sudoers',
    'root ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) ALL\n# carl ALL=ALL\n@includedir /etc/sudoers.d\n',
  );
  put('etc/sudoers.d/mkma-ben', 'ben ALL=(ALL:ALL) NOPASSWD: ALL\n');
  put('etc/group', 'sudo:x:27:anna\n');
  assert.equal(loginsIn(root)[0], 'anna with a password', 'there is no sudo');
  put('usr/bin/sudo');
  assert.deepEqual(loginsIn(root), [
    'anna with a password, can sudo',
    'ben with a password, can sudo without a password',
    'carl with a password',
  ]);
});

test('an account without a password is refused where anything in the tree lets people in over a network', () => {
  users({ anna: '' });
  assert.equal(openToAll(root), undefined);
  put('usr/local/sbin/dropbear');
  const byHand = openToAll(root);
  assert.deepEqual(
    [byHand?.code, byHand?.where, byHand?.field, byHand?.why],
    ['open-account', join(root, 'etc/shadow'), undefined, '/usr/local/sbin/dropbear is installed'],
  );
  const { users: defined } = machineSchema.parse({ hostname: 'box', users: { anna: { password: 'empty' } } });
  assert.equal(openToAll(root, { users: defined })?.where, 'users.anna.password');
  users({ anna: '*' });
  assert.equal(openToAll(root), undefined);
  put('etc/passwd', 'anna::1000:1000::/home/anna:/bin/bash\n');
  assert.equal(openToAll(root)?.code, 'open-account');
});

test('links lead nowhere but into the tree', () => {
  users({ anna: '*' });
  put('usr/sbin/sshd');
  put('outside', 'ssh-ed25519 AAAA x\n');
  mkdirSync(join(root, 'home/anna/.ssh'), { recursive: true });
  symlinkSync('/etc/passwd-of-the-host', join(root, 'home/anna/.ssh/authorized_keys'));
  assert.deepEqual(loginsIn(root), []);
  symlinkSync('/outside', join(root, 'home/anna/.ssh/authorized_keys2'));
  assert.deepEqual(loginsIn(root), ['anna with a key']);
});
