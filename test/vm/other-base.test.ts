/** A layer with a user and a package, on a base that was built anew with another user and two packages more. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { BASE, FORMAT, imagesFolder, mkma } from './harness.js';
import { makeDeb } from './packages.js';
import { bootAgain, resume } from './saved.js';

/** In the machine: a user with a file of her own, and a package. */
const ANNA = `set -e
useradd -m -s /bin/bash anna; (umask 077; echo hers >/home/anna/file); chown anna:anna /home/anna/file
usermod -aG sudo anna 2>/dev/null || groupadd -f friends; usermod -aG games anna
mkdir -p /tmp/mine/DEBIAN /tmp/mine/usr/bin; printf '#!/bin/sh\\necho mine\\n' >/tmp/mine/usr/bin/mine; chmod 755 /tmp/mine/usr/bin/mine
printf 'Package: mine\\nVersion: 1\\nArchitecture: all\\nMaintainer: x <x@example.org>\\nDescription: x\\n' >/tmp/mine/DEBIAN/control
dpkg-deb --root-owner-group --build /tmp/mine /tmp/mine.deb >/dev/null; dpkg -i /tmp/mine.deb >/dev/null
setfacl -m u:anna:rwx /srv 2>/dev/null || setfattr -n user.x -v 1 /srv
cp /usr/lib/x86_64-linux-gnu/libz.so.1 /usr/local/lib/; ldconfig`;

/** In the new base's tree $0: a user with the same number, with a file of his own, and packages out of $1. */
const BOB = `cd "$0"; cp "$1"/*.deb tmp/
chroot . useradd -m -s /bin/bash bob; (umask 077; echo his >home/bob/file); chroot . chown bob:bob /home/bob/file
chroot . usermod -aG games bob; chroot . sh -c 'dpkg -i /tmp/first.deb /tmp/second.deb'; rm tmp/*.deb
mkdir -p usr/local/lib/bob; cp usr/lib/x86_64-linux-gnu/libacl.so.1 usr/local/lib/bob/
echo /usr/local/lib/bob >etc/ld.so.conf.d/bob.conf; chroot . ldconfig`;

/** Puts another base into the disk $0, an overlay, by way of $1; $2 is the folder with the base $3. */
const REPLACE = `qemu-img convert -O raw "$0" "$1"; mkdir "$1.d"; mount -o loop "$1" "$1.d"
cp "$2/$3" "$1.d/images/$3"; umount "$1.d"; rmdir "$1.d"; qemu-img convert -O qcow2 "$1" "$0"; rm "$1"`;

test('anna and bob, who have one number: both are right, and so are the packages of both', async () => {
  const changed = join(imagesFolder(), 'changed');
  const shared = process.env.MKMA_TEST_IMAGES ?? '';
  const debs = mkdtempSync(join(tmpdir(), 'mkma-debs-'));
  mkdirSync(debs, { recursive: true });
  for (const name of ['first', 'second']) makeDeb(debs, name);
  execFileSync('cp', ['-a', shared, changed]);
  execFileSync('sh', ['-e', '-c', BOB, join(changed, 'chroot'), debs], { stdio: 'pipe' });
  rmSync(debs, { recursive: true });
  const built = await mkma('build', 'console', '--format', FORMAT, '--output', changed);
  assert.equal(built.exitCode, 0, built.stderr);

  const { vm: fresh, disk } = await resume();
  let number = '';
  {
    await using vm = fresh;
    assert.equal(await vm.ask('systemctl show -p ConditionResult mkma-derived'), 'ConditionResult=no');
    await vm.ask(ANNA, 100);
    number = await vm.ask('id -u anna');
    assert.match(await vm.ask('mkma persist --all --level 1', 300), /saved \d+ changes as /);
    assert.equal(await vm.powerOff(), 0);
  }
  execFileSync('sh', ['-e', '-c', REPLACE, disk, `${disk}.raw`, changed, BASE], { stdio: 'pipe' });
  const kept = (await check(await bootAgain(disk, { images: changed }), number, true)).sort();
  // The same at every boot, also with what was saved there.
  const again = await bootAgain(disk, { images: changed });
  assert.deepEqual((await check(again, number, false)).sort(), kept);
});

/** What every boot is to show; at the first, files are composed. Returns the accounts. Powers the machine off. */
async function check(
  machine: Awaited<ReturnType<typeof bootAgain>>,
  number: string,
  first: boolean,
): Promise<string[]> {
  await using vm = machine;
  assert.doesNotMatch(vm.transcript, /LEFT OUT/);
  assert.equal(await vm.ask('id -u bob'), number, 'the base keeps its numbers');
  assert.notEqual(await vm.ask('id -u anna'), number);
  const owners = 'stat -c "%U:%G" /home/anna /home/anna/file /home/anna/.bashrc /home/bob /home/bob/file';
  assert.equal(await vm.ask(owners), 'anna:anna\nanna:anna\nanna:anna\nbob:bob\nbob:bob');
  assert.equal(
    await vm.ask('runuser -u anna cat /home/anna/file; runuser -u bob cat /home/bob/file'),
    'hers\nhis',
  );
  assert.notEqual((await vm.sh('runuser -u bob cat /home/anna/file')).exitCode, 0);
  assert.equal(await vm.ask('getent group games | cut -d: -f4 | tr , "\\n" | sort'), 'anna\nbob');
  assert.equal(await vm.ask('dpkg-query -W first second mine | cut -f1; mine'), 'first\nmine\nsecond\nmine');
  assert.equal(await vm.ask('dpkg --audit; dpkg --verify mine first second; apt-get check -qq 2>&1'), '');
  // The linker's cache has the libraries of both.
  assert.equal(
    await vm.ask('ldconfig -p | grep -o "/usr/local/lib/.*" | sort'),
    '/usr/local/lib/bob/libacl.so.1\n/usr/local/lib/libz.so.1',
  );
  const unit = 'systemctl show -P Result mkma-derived; systemctl is-active mkma-derived';
  assert.equal(
    await vm.ask(unit),
    'success\nactive',
    await vm.ask('journalctl --no-pager -b -u mkma-derived'),
  );
  const started = 'systemctl show -P ActiveEnterTimestampMonotonic mkma-derived sysinit.target';
  const [made = 0, others = 0] = (await vm.ask(started)).split(/\s+/).map(Number);
  assert.ok(made > 0 && made <= others, `${made} ${others}`);
  const status = await vm.ask('mkma status');
  assert.match(status, new RegExp(`user anna, ${number} in the layer, is \\d+ here`));
  assert.equal(/composed of base and layers: \/etc\/group, /.test(status), first, status);
  await vm.ask(
    'date >/home/anna/more; chown anna:anna /home/anna/more; useradd -M extra 2>/dev/null; sync',
    60,
  );
  assert.match(await vm.ask('mkma persist --all --level 1', 300), /saved \d+ changes? as /);
  const accounts = await vm.ask('grep -v ^extra /etc/passwd');
  assert.equal(await vm.powerOff(), 0);
  return accounts.split('\n');
}
