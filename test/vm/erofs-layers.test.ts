/** A layer that is a file system, as a machine with an EROFS base saves it by default, in a real boot. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FORMAT } from './harness.js';
import { bootAgain, resume } from './saved.js';
import { keepView, viewDifference } from './view.js';

const DISK = 'LABEL=layers';

/** More than what is worth mounting, with whiteouts, other names, attributes and an opaque folder. */
const CHANGE = `set -e
cp -a /usr/lib/x86_64-linux-gnu/perl-base /srv/perl; head -c 6M /usr/lib/x86_64-linux-gnu/libc.so.6 /usr/bin/* 2>/dev/null | head -c 6M >/srv/data
ln /srv/data /srv/same; setfattr -n user.note -v hello /srv/data; rm /etc/issue; rm -r /usr/share/bug; mkdir /usr/share/bug; echo new >/usr/share/bug/new
chown 70000:80000 /srv/same; mkfifo /srv/fifo`;

test('it is mounted from RAM, and the machine is as it was saved', async () => {
  const { vm: fresh, disk } = await resume();
  let name = '';
  {
    await using vm = fresh;
    await vm.ask(CHANGE, 100);
    // A machine with another base is asked for it.
    const how = FORMAT === 'erofs' ? '' : '--format erofs';
    const said = await vm.ask(`mkma persist --all --ignore-rules --level 1 ${how}`, 300);
    const [, layer] = /saved \d+ changes as persistence\.(\d+_\d+)\.erofs, /.exec(said) ?? [];
    assert.ok(layer, said);
    name = layer;
    await vm.ask('sleep 1; echo after >/srv/after; sleep 1');
    assert.match(
      await vm.ask('mkma persist --all --ignore-rules --level 1', 300),
      /saved 1 change as .*\.cpio\.zst, /,
    );
    await keepView(vm, DISK);
    assert.equal(await vm.powerOff(), 0);
  }
  await using vm = await bootAgain(disk);
  assert.doesNotMatch(vm.transcript, /LEFT OUT|warning:/);
  assert.equal(await viewDifference(vm, DISK), '');
  assert.equal(await vm.ask(`stat -f -c %T /overlay/layers/${name}`), 'erofs');
  assert.equal(await vm.ask('stat -c %d / /srv/data /etc/hosts /srv/after | sort -u | wc -l'), '1');
  assert.doesNotMatch(await vm.ask('mkma persist --all --ignore-rules --dry-run', 100), /\/srv|\/usr|issue/);
  assert.equal(await vm.ask(`mkma layers verify ${name}`, 100), `${name}: verified`);
});
