/** What a shell, a hook or a hand leaves in chroot/: what is not packed, who gets in, and what must not start. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { codeOf, type Ended, mkma, mkmaHere, temporary } from './cli.js';
import { inOwnMounts } from './persist/namespace.js';

inOwnMounts(import.meta.url);

/** A package as many are: its script starts what it installs, in each of the ways there are. */
const POSTINST = `#!/bin/sh
set -e
invoke-rc.d thing start
deb-systemd-invoke start thing.service
systemctl start thing.service
`;

function makePackage(folder: string, file: string): void {
  const put = (path: string, text: string, mode = 0o755): void => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text, { mode });
  };
  put(
    'DEBIAN/control',
    'Package: thing\nVersion: 1\nArchitecture: all\nMaintainer: x <x@x>\nDescription: x\n',
  );
  put('DEBIAN/postinst', POSTINST);
  put(
    'etc/init.d/thing',
    '#!/bin/sh\n### BEGIN INIT INFO\n# Provides: thing\n### END INIT INFO\ntouch /started\n',
  );
  put('usr/lib/systemd/system/thing.service', '[Service]\nExecStart=/usr/bin/touch /started\n', 0o644);
  execFileSync('dpkg-deb', ['--root-owner-group', '--build', folder, file]);
}

/** What the definition's hook and a shell leave. */
const LEAVE = `set -e
cd /etc/ssh && for kind in rsa ed25519; do echo key >ssh_host_"$kind"_key; done && cd /
echo 0123456789abcdef0123456789abcdef >/etc/machine-id
mkdir -p /var/cache/apt/archives/partial && head -c 100000 /dev/zero >/var/cache/apt/archives/x.deb
head -c 50000 /dev/zero >/var/lib/apt/lists/x_Packages; echo x >/var/log/dpkg.log; echo x >/root/.bash_history
mkdir -p /var/tmp/folder; echo x >/var/tmp/folder/file; ln -f /var/tmp/folder/file /etc/linked`;

describe('chroot/ and the base', () => {
  const folder = temporary();
  const out = join(folder.path, 'out');
  const chroot = join(out, 'chroot');
  const config = join(folder.path, 'mkma.config.ts');
  const build = (...more: string[]): Promise<Ended> =>
    mkmaHere(['build', '--config', config, '--output', out, '--json', ...more]);
  const shell = async (script: string): Promise<Ended> => {
    const done = await mkma(['shell', '--output', out, 'sh', '-c', script], { cwd: folder.path });
    assert.equal(done.code, 0, done.stderr);
    return done;
  };
  /** What the base holds, as `mode owner size path`. */
  const contents = async (name: string): Promise<string[]> => {
    const shown = await mkmaHere(['inspect', '--files', '--json', join(out, name)]);
    assert.equal(shown.code, 0, shown.stderr);
    return JSON.parse(shown.stdout).entries;
  };
  const result = ({ code, stdout, stderr }: Ended) => {
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as { changed: boolean; keptOut: { what: string }[]; logins: string[] };
  };
  const kinds = (ended: Ended): string[] => result(ended).keptOut.map(({ what }) => what);
  after(() => folder[Symbol.dispose]());

  before(async () => {
    const hook = JSON.stringify(`mkdir -p /etc/ssh; ${LEAVE}`);
    writeFileSync(
      config,
      `import { defineMachine } from 'mkma';\nexport default defineMachine({ hostname: 'k', extends: ['console'], compressionLevel: 1, without: ['docs', 'locales', 'modules'],
  files: { '/etc/ssh/ssh_host_rsa_key': 'mine' }, hooks: [{ at: 'packages', run: ${hook} }, { at: 'system', run: ${hook} },
    { at: 'system', on: 'host', run: 'chroot "$MKMA_ROOT" /usr/sbin/policy-rc.d || test $? = 101' }] });\n`,
    );
    const first = await build();
    assert.deepEqual(kinds(first), [], 'what a hook leaves is not in chroot/ either');
    assert.deepEqual(result(first).logins, ['root automatically on tty1, ttyS0']);
  });

  test('a hook leaves nothing of that in chroot/, which has a link that forbids starts and is not packed', async () => {
    assert.equal(statSync(join(chroot, 'etc/machine-id')).size, 0);
    for (const path of ['etc/ssh/ssh_host_ed25519_key', 'var/cache/apt/archives/x.deb', 'root/.bash_history'])
      assert.ok(!existsSync(join(chroot, path)), path);
    assert.equal(readlinkSync(join(chroot, 'usr/sbin/policy-rc.d')), '/run/mkma/policy-rc.d');
    assert.ok((await contents('base.cpio.zst')).every((line) => !line.endsWith('/policy-rc.d')));
  });

  test('a shell that does nothing is no edit', async () => {
    await shell('true');
    assert.equal(result(await build()).changed, false);
  });

  test('what is installed in a shell starts nothing', async () => {
    // What takes long to pack and is not what this is about.
    rmSync(join(chroot, 'usr/lib/modules'), { recursive: true });
    makePackage(join(folder.path, 'thing'), join(chroot, 'root/thing.deb'));
    const done = await shell('dpkg -i /root/thing.deb 2>&1 && test -x /usr/sbin/policy-rc.d');
    assert.match(done.stdout, /policy-rc\.d/);
    assert.ok(existsSync(join(chroot, 'etc/init.d/thing')));
    assert.ok(!existsSync(join(chroot, 'started')));
    assert.ok(!existsSync(join(chroot, 'run/mkma')));
  });

  test('what a shell leaves stays in chroot/ and is not packed in either form, and the build says so', async () => {
    await shell(LEAVE);
    const made = await build();
    assert.deepEqual(kinds(made).sort(), [
      "apt's package lists",
      'cached packages',
      'database backups',
      'histories of shells and tools',
      'installation logs',
      'machine-id',
      'ssh host keys',
      'temporary files',
    ]);
    const cpio = await contents('base.cpio.zst');
    const holds = (pattern: RegExp): string[] => cpio.filter((line) => pattern.test(line));
    assert.deepEqual(holds(/ssh_host_|\.deb$|x_Packages|bash_history|dpkg\.log|var\/tmp\/|sbin\/policy-rc/), [
      ...holds(/ etc\/ssh\/ssh_host_rsa_key$/),
      ...holds(/ root\/thing\.deb$/),
    ]);
    assert.match(holds(/ etc\/machine-id$/).join(), /^100\d{3} 0:0 +0 etc\/machine-id$/);
    assert.match(holds(/ etc\/linked$/).join(), / 2 etc\/linked$/);
    assert.match(readFileSync(join(chroot, 'etc/machine-id'), 'utf8'), /^0123/);
    const again = await build();
    assert.deepEqual([result(again).changed, kinds(again)], [false, kinds(made)]);
    const erofs = await build('--format', 'erofs');
    assert.deepEqual(kinds(erofs), kinds(made));
    const sorted = (lines: readonly string[]): string[] =>
      lines.map((line) => line.replace(/ +\d+ (?=\S+$)/, ' ')).sort();
    const inErofs = await contents('base.erofs');
    assert.deepEqual(sorted(inErofs), sorted(cpio));
    assert.match(inErofs.find((line) => / etc\/machine-id$/.test(line)) ?? '', / 0 etc\/machine-id$/);
  });

  test('an account that a shell has opened is told, and refused where anything listens', async () => {
    await shell('passwd -d root');
    assert.match(
      result(await build()).logins.join(),
      /^root automatically on tty1, ttyS0, with an empty password$/,
    );
    const base = statSync(join(out, 'base.cpio.zst'), { throwIfNoEntry: false })?.mtimeMs;
    await shell('cp /bin/true /usr/sbin/sshd');
    const refused = await build();
    assert.deepEqual([refused.code, codeOf(refused)], [2, 'open-account']);
    assert.equal(statSync(join(out, 'base.cpio.zst'), { throwIfNoEntry: false })?.mtimeMs, base);
    await shell('passwd -l root');
    assert.equal(result(await build()).changed, true);
  });
});
