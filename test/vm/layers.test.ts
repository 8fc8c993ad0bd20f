import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Vm } from './harness.js';
import { bootFromDisk, makeLayer } from './layer.js';

test('two layers: what they hold, hide and take away, and what the second changes of the first', async () => {
  const first = await makeLayer('20260101_000000', {
    script: `
mkdir -p etc usr/share root/sub opt/emptied opt/sticky; chmod 0711 root; chmod 1777 opt/sticky
echo first >etc/motd; echo first >root/kept; echo first >root/dropped; echo first >root/sub/dropped
ln root/kept root/linked; ln -s ../etc/motd root/link
: >"root/$(printf 'odd\\377\\nname')"; mknod root/pipe p
touch -d '2001-02-03 04:05:06 UTC' root/kept; chown 12:34 root/sub; chmod 2750 root/sub
: >usr/share/doc
mkdir usr/share/bash-completion; echo only >usr/share/bash-completion/only`,
    // A file, a folder, a folder that a file replaces, and one that hides all that was in it.
    facts: { deletions: ['etc/issue', 'usr/share/locale'], opaque: ['usr/share/bash-completion'] },
  });
  await makeLayer('20260102_000000', {
    script: `
mkdir -p etc root usr/share/doc; chmod 0700 root
echo second >etc/motd; echo back >etc/issue; echo again >usr/share/doc/file`,
    facts: { after: first.id, deletions: ['root/dropped', 'root/sub'] },
  });
  const [append, more] = bootFromDisk();
  await using vm = await Vm.shell(append, more);
  assert.match(vm.transcript, /mkma: layer 20260101_000000: .* in .* s\n/);
  assert.doesNotMatch(vm.transcript, /LEFT OUT|warning:/);
  const ask = (command: string) => vm.ask(command);
  assert.equal(await ask('cat /etc/motd /etc/issue'), 'second\nback');
  assert.equal(
    await ask('cat /overlay/layers/20260101_000000/etc/motd /overlay/base/etc/issue | head -n 1'),
    'first',
  );
  assert.equal(await ask("stat -c '%h %Y' /root/kept; readlink /root/link"), '2 981173106\n../etc/motd');
  assert.equal(await ask("stat -c '%a' /root /"), '700\n755');
  assert.equal(await ask('ls -1b /root'), 'kept\nlink\nlinked\nodd\\377\\nname\npipe');
  assert.equal(await ask('ls -1 /usr/share/bash-completion'), 'only');
  assert.equal(await ask('ls -1 /usr/share/doc'), 'file');
  assert.equal(
    await ask('stat -c "%a" /opt/sticky; ls -d /opt/emptied; test ! -e /usr/share/locale'),
    '1777\n/opt/emptied',
  );
  // The base is as it was.
  assert.notEqual(await ask('ls -1 /overlay/base/usr/share/locale /overlay/base/usr/share/doc | wc -l'), '0');
  assert.equal(await ask('ls -1 /overlay/layers'), '20260101_000000\n20260102_000000');
  const { layers, leftOut, warnings } = await vm.status();
  assert.deepEqual(
    layers.map(({ layer, verified, warnings: own = [] }) => [layer, verified, own]),
    [
      ['20260101_000000', true, []],
      ['20260102_000000', true, []],
    ],
  );
  assert.deepEqual([...leftOut, ...warnings], []);
});
