/** What a person does with a machine: change it, keep some of that, boot again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Vm } from './harness.js';
import { bootFromDisk } from './layer.js';

const FIRST = String.raw`
mkdir -p /home/ann/.config /home/ann/shared
printf odd >"/home/ann/$(printf 'b\377d\nname')"; echo a >'/home/ann/sp ace '
chmod 711 /home/ann; chmod 2775 /home/ann/shared; chown -R 1000:1000 /home/ann
touch -d '2001-02-03 04:05:06 UTC' '/home/ann/sp ace '
echo changed >/etc/issue; rm /etc/motd; rm -rf /usr/share/bash-completion
rm -rf /usr/share/zoneinfo; echo file >/usr/share/zoneinfo
ln /usr/bin/nano /root/editor; setfattr -n user.note -v hello /root/editor
setfattr -n security.capability -v 0sAQAAAgAgAAAAAAAAAAAAAAAAAAA= /usr/bin/less
truncate -s 60M /root/holes; mkfifo /root/pipe; ln -s nowhere /root/link
echo dropped >/root/dropped
mkdir -p /tmp/deb/DEBIAN /tmp/deb/usr/bin; printf '#!/bin/sh\necho hello from a package\n' >/tmp/deb/usr/bin/greet
chmod 755 /tmp/deb/usr/bin/greet
printf 'Package: greet\nVersion: 1\nArchitecture: all\nMaintainer: T <t@example.org>\nDescription: greets\n' >/tmp/deb/DEBIAN/control
dpkg-deb --build /tmp/deb /tmp/greet.deb >/dev/null; dpkg -i /tmp/greet.deb >/dev/null`;

/** What has to be the same after a boot, as text. */
const LOOK = String.raw`
cd /home/ann; stat -c '%n %a %u:%g' . shared .config; ls -1b; stat -c %Y 'sp ace '; cat "$(printf 'b\377d\nname')"; echo
cat /etc/issue /usr/share/zoneinfo; ls /etc/motd /usr/share/bash-completion
getfattr --only-values -n user.note /root/editor; echo; getfattr -d -m - -e hex /usr/bin/less
[ /root/editor -ef /usr/bin/nano ] && echo linked; stat -c '%F %s' /root/holes /root/pipe; readlink /root/link
greet; dpkg --audit; dpkg -s greet | head -n 2`;

/** Scripts are written to a file: a line typed at a terminal ends at 4,096 bytes. */
async function script(vm: Vm, text: string): Promise<string> {
  const encoded = Buffer.from(text).toString('base64');
  await vm.ask(': >/run/script');
  for (let at = 0; at < encoded.length; at += 700) {
    await vm.ask(`printf %s ${encoded.slice(at, at + 700)} >>/run/script`);
  }
  return (await vm.sh('base64 -d /run/script | sh', 180)).output;
}

test('a machine is changed, what was chosen is there after the next boots, and nothing else', async () => {
  const [append, more] = bootFromDisk();
  let before: string;
  {
    await using vm = await Vm.login(append, more);
    assert.equal(await script(vm, FIRST), '');
    before = await script(vm, LOOK);
    assert.match(before, /hello from a package/);
    const said = await vm.ask(`EDITOR="sed -i /dropped/d" mkma persist --level 3`, 300);
    assert.match(said, /saved \d+ changes as persistence\.\d{8}_\d{6}\.cpio\.zst, /);
    // A second one, of what has changed since.
    await vm.ask('rm /root/pipe; echo later >/root/later; rm -r /home/ann/.config');
    const second = JSON.parse(await vm.ask('mkma persist --select /root --select /home --json', 300)) as {
      changes: unknown[];
    };
    assert.deepEqual(second.changes, [
      { kind: 'deleted', path: '/home/ann/.config' },
      { kind: 'new', path: '/root/dropped' },
      { kind: 'new', path: '/root/later' },
      { kind: 'deleted', path: '/root/pipe' },
    ]);
    await vm.ask('mkfifo /root/pipe; mkdir /home/ann/.config; chown 1000:1000 /home/ann/.config');
    assert.match(
      await vm.ask('mkma persist --select /root/pipe --select /home --level 1', 300),
      /saved 2 changes/,
    );
    assert.match((await vm.status()).storage.mountedOn.join(), /^$/);
    assert.equal(await vm.powerOff(), 0);
  }
  {
    await using vm = await Vm.login(append, more);
    assert.equal(await script(vm, LOOK), before);
    assert.equal(
      await vm.ask('cat /root/later /root/dropped; du -k /root/holes | cut -f 1'),
      'later\ndropped\n0',
    );
    const { layers, leftOut } = await vm.status();
    assert.deepEqual([layers.map(({ verified }) => verified), leftOut], [[true, true, true], []]);
    await vm.ask('mkdir /run/disk; mount -o ro LABEL=layers /run/disk');
    assert.equal(
      await vm.ask('stat -c %a /run/disk/images/persistence.* | uniq; ls -A /run/disk/images | wc -l'),
      '600\n4',
    );
    await vm.ask('umount /run/disk; rm /root/later /root/holes');
    assert.match(
      await vm.ask('mkma persist --all --name cleanup', 300),
      /saved \d+ changes as .*_cleanup\.cpio\.zst/,
    );
    assert.equal(await vm.powerOff(), 0);
  }
  await using vm = await Vm.login(append, more);
  assert.equal(await vm.ask('ls -1 /root'), 'dropped\neditor\nlink\npipe');
  assert.equal(await vm.powerOff(), 0);
});
