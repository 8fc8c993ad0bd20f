import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { forbidden } from '../../../../src/host/sys/try-users.js';

/** What is said on a host with these files below /proc. */
function on(files: Readonly<Record<string, string>>, word = ''): string {
  const root = mkdtempSync(join(tmpdir(), 'mkma-root-'));
  try {
    const rooted = { 'self/mountinfo': '1 0 8:1 / / rw - ext4 /dev/sda1 rw\n', ...files };
    for (const [name, text] of Object.entries(rooted)) {
      mkdirSync(dirname(join(root, 'proc', name)), { recursive: true });
      writeFileSync(join(root, 'proc', name), text);
    }
    const { code, next } = forbidden(word, 'unshare: EPERM', root);
    assert.equal(code, 'user-namespace-forbidden');
    return next ?? '';
  } finally {
    rmSync(root, { recursive: true });
  }
}

test('what forbids user namespaces is named, with what to change', () => {
  const setting = (name: string, value: string) => on({ [`sys/${name}`]: `${value}\n` });
  assert.match(setting('kernel/unprivileged_userns_clone', '0'), /sysctl kernel.unprivileged_userns_clone=1/);
  assert.match(setting('user/max_user_namespaces', '0'), /sysctl user.max_user_namespaces=/);
  const apparmor = 'kernel/apparmor_restrict_unprivileged_userns';
  assert.match(setting(apparmor, '1'), /sysctl kernel.apparmor_restrict_unprivileged_userns=0/);
  for (const [name, value] of [
    ['kernel/unprivileged_userns_clone', '1'],
    ['user/max_user_namespaces', '96365'],
    [apparmor, '0'],
  ] as const)
    assert.match(setting(name, value), /^ask the administrator/);
  assert.match(on({}, 'processes'), /systempaths=unconfined/);
  assert.match(on({ 'self/mountinfo': '1 0 8:1 / /proc rw - proc proc rw\n' }), /outside of the chroot/);
  assert.match(on({ 'self/status': 'Name:\tnode\nSeccomp:\t2\n' }), /seccomp=unconfined/);
});
