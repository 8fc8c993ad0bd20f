import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Command, environmentOf, renderCommand } from '../../../../src/host/sys/command.js';
import { inTree } from '../../../../src/host/sys/enter-tree.js';

const OWN = {
  ...{ PATH: '/home/me/bin:.:relative::/usr/bin', HOME: '/home/me', TERM: 'xterm', TMPDIR: '/var/tmp' },
  ...{ TAR_OPTIONS: '--no-same-owner', LD_PRELOAD: '/x.so', LC_ALL: 'de_DE.UTF-8', LANGUAGE: 'de' },
  ...{ DISPLAY: ':0', WAYLAND_DISPLAY: 'wayland-1', SUDO_USER: 'me', http_proxy: 'http://u:secret@proxy:1' },
  ...{ DPKG_ROOT: '/x', APT_CONFIG: '/x', PERL5OPT: '-d', QEMU_AUDIO_DRV: 'none', GIT_DIR: '/x' },
};
const PATH = '/home/me/bin:/usr/bin:/usr/sbin:/sbin';
const TRUE: Command = { file: 'true', args: [] };

test('a program gets what is listed, and nothing else', () => {
  assert.deepEqual(environmentOf(TRUE, OWN), { PATH, TMPDIR: '/var/tmp', LC_ALL: 'C.UTF-8' });
  assert.equal(environmentOf(TRUE, {}).PATH, '/usr/bin:/bin:/usr/sbin:/sbin');
});

test('a virtual machine gets what a window needs, a hook what tools of a person need', () => {
  const window = environmentOf({ ...TRUE, passes: ['display'] }, OWN);
  const { TERM, HOME, DISPLAY, WAYLAND_DISPLAY } = OWN;
  assert.deepEqual(window, {
    PATH,
    TMPDIR: '/var/tmp',
    LC_ALL: 'C.UTF-8',
    TERM,
    HOME,
    DISPLAY,
    WAYLAND_DISPLAY,
  });
  const hook = environmentOf({ ...TRUE, passes: ['hook'] }, OWN);
  assert.deepEqual(hook, { PATH, TMPDIR: '/var/tmp', LC_ALL: 'C.UTF-8', HOME, SUDO_USER: 'me' });
});

test('in the tree of a machine there is nothing that names files or the language of this host', () => {
  const env = environmentOf(inTree({ root: '/tree', command: ['true'], env: { A: 'b' } }), OWN);
  const set = Object.entries(env).filter(([, value]) => value !== undefined);
  assert.deepEqual(Object.fromEntries(set), {
    ...{ HOME: '/root', LANG: 'C.UTF-8', SYSTEMD_OFFLINE: '1', A: 'b' },
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  });
});

test('what may hold passwords reaches the program and is never shown', () => {
  const secretEnv = { http_proxy: 'http://u:secret@proxy:1' };
  for (const command of [{ ...TRUE, secretEnv }, inTree({ root: '/tree', command: ['true'], secretEnv })]) {
    assert.equal(environmentOf(command, OWN).http_proxy, secretEnv.http_proxy);
    assert.ok(!renderCommand(command).includes('secret'));
    assert.ok(!command.args.join(' ').includes('secret'));
  }
});
