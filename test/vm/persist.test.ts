import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SHELL, type Vm } from './harness.js';
import { changeAtRandom } from './random-changes.js';
import { bootAgain, resume } from './saved.js';
import { putScript, runScript } from './script.js';
import { keepView, viewDifference } from './view.js';

const DISK = 'LABEL=layers';

/** CAP_DAC_READ_SEARCH, permitted and effective (struct vfs_cap_data, include/uapi/linux/capability.h). */
const CAPABILITY = '0x0100000204000000000000000000000000000000';
/** u::rw- u:1234:r-- g::r-- m::r-- o::r-- (struct posix_acl_xattr_entry, include/linux/posix_acl_xattr.h). */
const ACL = '0x0200000001000600ffffffff02000400d204000004000400ffffffff10000400ffffffff20000400ffffffff';

const CHANGE = String.raw`
mkdir -p /home/ann/.config /home/ann/shared /home/ann/empty
printf odd >"/home/ann/$(printf 'b\377d\nname')"; echo a >'/home/ann/sp ace '; echo u >/home/ann/$(printf 'gr\303\274n')
mkdir "/home/ann/$(printf '\376')"; echo below >"/home/ann/$(printf '\376')/plain"
chown -R 12:34 /home/ann; chmod 711 /home/ann; chmod 2775 /home/ann/shared; chmod 4755 '/home/ann/sp ace '
touch -d '2001-02-03 04:05:06 UTC' '/home/ann/sp ace '
echo changed >/etc/issue; rm /etc/motd; rm -rf /usr/share/bash-completion
rm -rf /usr/share/zoneinfo; echo file >/usr/share/zoneinfo
rm /etc/issue.net; mkdir /etc/issue.net; echo inside >/etc/issue.net/file
rm -r /usr/share/keyrings; mkdir /usr/share/keyrings; echo only >/usr/share/keyrings/only
ln /usr/bin/nano /root/editor; setfattr -n user.note -v hello /root/editor
setfattr -n security.capability -v ${CAPABILITY} /usr/bin/less
setfattr -n system.posix_acl_access -v ${ACL} /etc/issue; setfattr -n user.mark -v root /
truncate -s 60M /root/holes; mkfifo /root/pipe; ln -s nowhere /root/link; mknod /root/null c 1 3
echo dropped >/root/dropped; mkdir /root/folder; echo gone too >/root/folder/file
mkdir -p /tmp/deb/DEBIAN /tmp/deb/usr/bin; printf '#!/bin/sh\necho hello from a package\n' >/tmp/deb/usr/bin/greet
chmod 755 /tmp/deb/usr/bin/greet
printf 'Package: greet\nVersion: 1\nArchitecture: all\nMaintainer: T <t@example.org>\nDescription: greets\n' >/tmp/deb/DEBIAN/control
dpkg-deb --build /tmp/deb /tmp/greet.deb >/dev/null; dpkg -i /tmp/greet.deb >/dev/null`;

/** What has to be told before and after: that the comparison of the views has something to compare. */
const LOOK = String.raw`
export LC_ALL=C.UTF-8
cd /home/ann; stat -c '%a %u:%g' . shared .config; ls -1b; stat -c '%a %Y' 'sp ace '; cat "$(printf 'b\377d\nname')"; echo
cat /etc/issue.net/file /usr/share/zoneinfo; ls /usr/share/keyrings
ls -d /etc/motd /usr/share/bash-completion
getfattr --only-values --absolute-names -n user.note /root/editor; echo
getfattr --only-values --absolute-names -n user.mark /; echo
[ /root/editor -ef /usr/bin/nano ] && echo linked; stat -c '%F %s' /root/holes /root/pipe; readlink /root/link
greet; dpkg --audit; dpkg-query -W greet
setpriv --reuid 65534 --regid 65534 --clear-groups less /etc/shadow | grep -c ^root:`;

const LOOKED = String.raw`711 12:34
2775 12:34
755 12:34
b\377d\nname
empty
grün
shared
sp\ ace\ 
\376
4755 981173106
odd
inside
file
only
ls: cannot access '/etc/motd': No such file or directory
ls: cannot access '/usr/share/bash-completion': No such file or directory
hello
root
linked
regular file 62914560
fifo 0
nowhere
hello from a package
greet	1
1`;

/** Of the random changes. */
const SEED = Number(process.env.MKMA_TEST_SEED ?? Date.now() % 2 ** 31);

/** Change a folder of the base at random, and save that, so many times. */
async function randomRounds(vm: Vm, rounds: readonly number[]): Promise<void> {
  for (const round of rounds) {
    await changeAtRandom(vm, SEED + round, 40, '/usr/share/lintian');
    const said = await vm.ask('mkma persist --select /usr/share/lintian --level 1 --name random', 300);
    assert.match(said, /saved \d+ changes? as .*_random\.cpio\.zst/, `MKMA_TEST_SEED=${SEED}`);
  }
}

/** The long suite has random rounds (those on this host run in either), changes what was saved once more, and boots a third time. */
const LONG = process.env.MKMA_TEST_LONG === '1';
const FIRST = LONG ? [0, 1] : [];
const SECOND = [2, 3];

test('a machine is changed, what was chosen is there after the next boots, and nothing else', async () => {
  const { vm: fresh, disk } = await resume();
  {
    await using vm = fresh;
    assert.deepEqual(await runScript(vm, CHANGE), { output: '', exitCode: 0 });
    assert.equal((await runScript(vm, LOOK)).output, LOOKED);
    // An editor that keeps what it was shown, and drops a file, and a folder with what is in it.
    await putScript(
      vm,
      '/run/editor',
      '#!/bin/sh\ncp "$1" /run/shown; sed -i "/dropped$/d; /folder$/d" "$1"\n',
    );
    const said = await vm.ask('EDITOR=/run/editor mkma persist --ignore-rules --expand --level 3', 300);
    assert.match(said, /saved \d+ changes as persistence\.\d{8}_\d{6}\.cpio\.zst, /);
    const shown = await vm.ask('grep -E "/(root/|etc/(issue|motd)|usr/share/(zon|keyr|bash-))" /run/shown');
    for (const line of [
      /^deleted +- {2}\/etc\/motd$/m,
      /^changed +\d+ B {2}\/etc\/issue$/m,
      /^retyped +\d+ B {2}\/etc\/issue\.net$/m,
      /^new +60\.0 MiB {2}\/root\/holes$/m,
      /^retyped +5 B {2}\/usr\/share\/zoneinfo$/m,
      /^deleted +- {2}\/usr\/share\/bash-completion$/m,
      /^deleted +- {2}\/usr\/share\/keyrings\/[^\n]+$/m,
      /^new +9 B {2}\/root\/folder$/m,
    ]) {
      assert.match(shown, line);
    }
    // Only what the first does not hold, and the deletion of what it holds.
    await vm.ask('rm /root/pipe; echo later >/root/later; rm -r /home/ann/.config');
    const second = JSON.parse(
      await vm.ask('mkma persist --select "/root/l*" --select /root/pipe --select /home --json', 300),
    ) as { changes: unknown[] };
    assert.deepEqual(second.changes, [
      { kind: 'deleted', path: '/home/ann/.config' },
      { kind: 'new', path: '/root/later' },
      { kind: 'deleted', path: '/root/pipe' },
    ]);
    await vm.ask('mkfifo /root/pipe; install -d -o 12 -g 34 /home/ann/.config');
    const third = 'mkma persist --select /root/pipe --select /home --level 1 --name third';
    assert.match(await vm.ask(third, 300), /saved 2 changes as .*_third\.cpio\.zst/);
    assert.equal((await vm.sh(`findmnt --noheadings --source ${DISK}`)).output, '');
    assert.deepEqual((await vm.status()).storage.mountedOn, []);
    await vm.ask('rm -r /root/dropped /root/folder');
    await randomRounds(vm, FIRST);
    await keepView(vm, DISK);
    assert.equal(await vm.powerOff(), 0);
  }
  {
    // Only early boot has to do with what is there; the long suite has the system come up, too.
    await using vm = await bootAgain(
      disk,
      LONG ? {} : { append: SHELL, login: (machine) => machine.expectHandover() },
    );
    assert.doesNotMatch(vm.transcript, /LEFT OUT|warning:/);
    assert.equal((await runScript(vm, LOOK)).output, LOOKED);
    assert.equal(await viewDifference(vm, DISK), '', `MKMA_TEST_SEED=${SEED}`);
    assert.equal(await vm.ask('cat /root/later; du -k /root/holes | cut -f 1'), 'later\n0');
    const { layers, leftOut } = await vm.status();
    const saved = 3 + FIRST.length;
    assert.deepEqual([layers.map(({ verified }) => verified), leftOut], [Array(saved).fill(true), []]);
    assert.match(await vm.ask('mkma status'), /\nlayers +\d{8}_\d{6}, /);
    await vm.ask(`mkdir -p /run/disk; mount -o ro ${DISK} /run/disk`);
    assert.equal(
      await vm.ask('stat -c %a /run/disk/images/persistence.* | uniq; ls -A /run/disk/images | wc -l'),
      `600\n${saved + 1}`,
    );
    await vm.ask('umount /run/disk');
    if (!LONG) return;
    await vm.ask('rm /root/later /root/holes; rm -r /home/ann/shared; dpkg -P greet');
    await randomRounds(vm, SECOND);
    assert.match(
      await vm.ask('mkma persist --all --ignore-rules --level 1 --name cleanup', 300),
      /saved \d+ changes as .*_cleanup\.cpio\.zst/,
    );
    await keepView(vm, DISK);
    assert.equal(await vm.powerOff(), 0);
  }
  await using vm = await bootAgain(disk);
  assert.equal(await viewDifference(vm, DISK), '', `MKMA_TEST_SEED=${SEED}`);
  assert.equal(await vm.ask('ls -1 /root'), 'editor\nlink\nnull\npipe');
  assert.equal(
    await vm.ask('ls -1b /home/ann | head -n 3; ls /usr/bin/greet 2>&1 | grep -c cannot'),
    'b\\377d\\nname\nempty\ngrün\n1',
  );
  assert.equal(await vm.powerOff(), 0);
});
