import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { FORMAT, imagesFolder, mkma, Vm } from './harness.js';

/** CAP_DAC_READ_SEARCH, permitted and effective (struct vfs_cap_data, include/uapi/linux/capability.h). */
const CAPABILITY = '0x0100000204000000000000000000000000000000';
/** u::rw- u:1234:r-- g::r-- m::r-- o::r-- (struct posix_acl_xattr_entry, include/linux/posix_acl_xattr.h). */
const ACL = '0x0200000001000600ffffffff02000400d204000004000400ffffffff10000400ffffffff20000400ffffffff';

const SET = `
cp -a "$0" "$1"; cd "$1/chroot"
cp usr/bin/cat usr/bin/cat-all; chmod 755 usr/bin/cat-all; setfattr -n security.capability -v ${CAPABILITY} usr/bin/cat-all
mkdir opt/dir; echo x >opt/acl; chmod 644 opt/acl; setfattr -n system.posix_acl_access -v ${ACL} opt/acl
setfattr -n system.posix_acl_default -v ${ACL} opt/dir
printf x >"opt/odd=
name"; setfattr -n user.one -v 1 "opt/odd=
name"; setfattr -n user.empty "opt/odd=
name"
setfattr -n user.root -v 1 .; setfattr -n system.posix_acl_default -v ${ACL} .`;

const DUMP = 'getfattr -R -P -h -d -m - -e base64 opt usr/bin/cat-all; getfattr -P -h -d -m - -e base64 .';

test('a capability, ACLs and attributes of users come out of the booted base as they went in, on one device', async () => {
  const changed = join(imagesFolder(), 'changed');
  const shared = process.env.MKMA_TEST_IMAGES ?? '';
  assert.ok(shared);
  execFileSync('bash', ['-e', '-c', SET, shared, changed]);
  const built = await mkma('build', 'console', '--format', FORMAT, '--output', changed);
  assert.equal(built.exitCode, 0, built.stderr);
  const options = { cwd: join(changed, 'chroot'), encoding: 'utf8' } as const;
  const expected = execFileSync(
    'sh',
    ['-c', `(export LC_ALL=C; ${DUMP}) | LC_ALL=C sort`],
    options,
  ).trimEnd();
  assert.equal(expected.match(/^# file: /gm)?.length, 5);

  await using vm = await Vm.shell('', { args: ['--output', changed] });
  for (const root of ['/', '/overlay/base']) {
    assert.equal(
      (await vm.ask(`cd ${root}; (export LC_ALL=C; ${DUMP}) | LC_ALL=C sort`)).replaceAll('\r', ''),
      expected,
      root,
    );
  }
  const nobody = 'setpriv --reuid 65534 --regid 65534 --clear-groups';
  assert.notEqual((await vm.sh(`${nobody} cat /etc/shadow`)).exitCode, 0);
  assert.match(await vm.ask(`${nobody} cat-all /etc/shadow`), /^root:/m);
  const { base, warnings } = await vm.status();
  assert.deepEqual([base?.verified, base?.warnings ?? [], warnings], [true, [], []]);
  // One file system, as programs that stay on one see it: folders, files of the base, new ones.
  const devices = 'touch /etc/new; stat -c %d / /etc /etc/hostname /etc/new /usr/bin/cat | sort -u | wc -l';
  assert.equal(await vm.ask(devices), '1');
  assert.equal(await vm.ask('du -sx /usr/share | cut -f1'), await vm.ask('du -s /usr/share | cut -f1'));
});
