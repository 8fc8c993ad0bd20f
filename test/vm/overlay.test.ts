/** Programs that need a root which behaves like a disk, and that persist saves what they did: after the boot all is equal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootAgain, resume } from './saved.js';
import { runScript } from './script.js';
import { keepView, viewDifference } from './view.js';

const DISK = 'LABEL=layers';

/** Bytes that the RAM file system has in use. */
const USED = '$(df --output=used -B1 /overlay | tail -n 1)';

/**
 * A folder of the base renamed and changed inside, one renamed there and back, one moved elsewhere, a path of more than 256 bytes; a
 * unit whose state directory systemd moves; a package that replaces a folder of the base by a link; a file of the base with a
 * second name; metadata of a large tree.
 */
const CHANGE = String.raw`
set -e
mv /usr/share/bash-completion /usr/share/completion; echo more >/usr/share/completion/more
mv /usr/share/perl5 /usr/share/perl-away; mv /usr/share/perl-away /usr/share/perl5
mv /usr/share/zoneinfo /srv/zones; rm /srv/zones/UTC; mv /srv/zones/Europe /srv/europe
deep=/srv/$(printf 'd%.0s' $(seq 200)); mkdir -p "$deep/$(printf 'e%.0s' $(seq 200))"
mv /usr/share/keyrings "$deep/$(printf 'e%.0s' $(seq 200))/keyrings"
systemd-run --quiet --wait -p DynamicUser=yes -p StateDirectory=misc -p ReadWritePaths=/var/lib/private sh -c 'echo state >/var/lib/misc/state'
mkdir -p /tmp/deb/DEBIAN /tmp/deb/usr/share/lintian-new
printf 'Package: linked\nVersion: 1\nArchitecture: all\nMaintainer: T <t@example.org>\nDescription: a link\n' >/tmp/deb/DEBIAN/control
printf '#!/bin/sh\nset -e\nmv /usr/share/lintian /usr/share/lintian-was\nln -s lintian-new /usr/share/lintian\n' >/tmp/deb/DEBIAN/postinst
chmod 755 /tmp/deb/DEBIAN/postinst; dpkg-deb --build /tmp/deb /tmp/linked.deb >/dev/null; dpkg -i /tmp/linked.deb >/dev/null
ln /usr/bin/perl /root/perl; chown 12:34 /usr/bin/dpkg; setfacl -m u:1234:r /usr/bin/tar 2>/dev/null || setfattr -n user.note -v hello /usr/bin/tar
before=${USED}; chmod -R o-rx,g+w /usr/lib/modules; chown -R 12:34 /usr/lib/modules; after=${USED}
echo "$((after - before)) of $(du -sb /usr/lib/modules | cut -f 1)"`;

test('folders move, metadata costs no content, and both are saved exactly', async () => {
  const { vm: fresh, disk } = await resume();
  let layer: string;
  {
    await using vm = fresh;
    const changed = await runScript(vm, CHANGE);
    assert.equal(changed.exitCode, 0, changed.output);
    const [, grew, of] = /^(\d+) of (\d+)$/m.exec(changed.output) ?? [];
    assert.ok(Number(grew) < Number(of) / 10, changed.output);
    await vm.ask('mkma persist --all --ignore-rules --expand --dry-run >/run/list', 300);
    const list = await vm.ask('grep -v /usr/lib/modules/ /run/list');
    assert.match(await vm.ask('grep -c "^metadata  .*/usr/lib/modules/.*[.]ko" /run/list'), /^\d{3,}$/);
    assert.match(list, /^moved +\d[^/]*\/usr\/share\/bash-completion -> \/usr\/share\/completion$/m);
    assert.match(list, /^moved +\d[^/]*\/usr\/share\/zoneinfo -> \/srv\/zones$/m);
    assert.match(list, /^moved +\d[^/]*\/usr\/share\/zoneinfo\/Europe -> \/srv\/europe$/m);
    assert.match(list, /^new +5 B {2}\/usr\/share\/completion\/more$/m);
    assert.doesNotMatch(list, /perl5|deleted .*zoneinfo|Paris/);
    const said = await vm.ask('mkma persist --all --ignore-rules --level 1 --name moved', 300);
    layer = /saved \d+ changes as (\S+_moved)\.cpio\.zst, (.*)/.exec(said)?.[1] ?? '';
    assert.notEqual(layer, '', said);
    assert.match(await vm.ask('mkma persist --all --ignore-rules', 300), /nothing to save/);
    await keepView(vm, DISK);
    assert.equal(await vm.powerOff(), 0);
  }
  await using vm = await bootAgain(disk);
  assert.doesNotMatch(vm.transcript, /LEFT OUT|warning:/);
  assert.equal(await viewDifference(vm, DISK), '');
  assert.equal(
    await vm.ask(
      'cat /var/lib/private/misc/state; readlink /usr/share/lintian; [ /root/perl -ef /usr/bin/perl ] && echo one; dpkg --audit',
    ),
    'state\nlintian-new\none',
  );
  // A module has its content from the base and its metadata from the layer.
  const name = layer.slice('persistence.'.length);
  const shown = await vm.ask(`mkma layers show ${name} >/run/shown; grep -m 1 '[.]ko' /run/shown`, 300);
  assert.match(shown, /\/usr\/lib\/modules\/\S+\.ko\S* {2}\(metadata only\)/);
  assert.equal(
    await vm.ask(
      'find /usr/lib/modules ! -uid 12 | wc -l; modprobe --show-depends loop >/dev/null && echo loads',
    ),
    '0\nloads',
  );
  assert.match(await vm.ask(`mkma layers verify`, 300), /verified/);
});
