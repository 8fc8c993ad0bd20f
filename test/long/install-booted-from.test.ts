/**
 * A machine that booted from a medium, or from logical volumes alone, knows their disks though nothing of them is mounted: what
 * it runs from is not overwritten.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { blank, diskFolder } from '../vm/disk.js';
import { FAST } from '../vm/fast.js';
import { GUEST, GuestHost, hostImages } from '../vm/guest-host.js';
import { Vm } from '../vm/harness.js';
import { digestOf, makeMedium } from '../vm/medium.js';

const MIB = 2 ** 20;
const FS = '11111111-2222-4333-8444-0000000000f3';

/** Logical volumes on two disks, striped, with the base of the running machine's medium; a foreign group on a third. */
const volumes = (box: readonly string[], foreign: string): string => `
pvcreate -q ${box.join(' ')} ${foreign}; vgcreate -q box ${box.join(' ')}; vgcreate -q foreign ${foreign}
lvcreate -q -n images -i 2 -l 100%FREE box; lvcreate -q -n data -l 100%FREE foreign
mke2fs -q -t ext4 -U ${FS} /dev/box/images; mkdir -p /mnt/to /mnt/from
mount /dev/box/images /mnt/to; mount -o ro /dev/vda3 /mnt/from
mkdir /mnt/to/images; cp /mnt/from/mkma/generations/1/base.* /mnt/to/images
umount /mnt/to /mnt/from; vgchange -q -an box foreign; sync`;

/** Asks for a fresh medium on a disk, without the confirmation that would make one. */
async function refusal(host: GuestHost, disk: string): Promise<string> {
  const { output } = await host.mkma(`install ${disk} --output ${GUEST.images} --fresh --confirm none`);
  return output;
}

let boxes: string[] = [];

test('booted from a medium: nothing overwrites it, a generation may be added', async () => {
  boxes = ['box1', 'box2', 'foreign'].map((name) => blank(`${name}.raw`, 640 * MIB));
  const medium = join(diskFolder(), 'medium.raw');
  await makeMedium(await hostImages(), medium, '--append', `console=ttyS0 no_timer_check ${FAST}`);
  await using host = await GuestHost.start({
    disks: boxes,
    args: ['--disk', medium, '--firmware', 'bios', '--cpus', '1'],
  });
  assert.equal(await host.vm.ask('grep -c /dev/vda /proc/mounts || :'), '0');
  const before = await digestOf(medium);
  const refused = await refusal(host, '/dev/vda');
  assert.match(refused, /this machine booted from this medium: \/dev\/vda \[target-booted-from\]/);
  assert.match(refused, /a generation can be added to it, without --fresh/);
  await host.vm.ask('sync');
  assert.equal(await digestOf(medium), before);
  const added = await host.mkma(`install /dev/vda --output ${GUEST.images} --confirm vda`);
  assert.equal(added.exitCode, 0, added.output);
  assert.match(added.output, /added generation 2 to \/dev\/vda/);
  const list = await host.vm.ask('/usr/bin/mkma generations list');
  assert.match(list, /^2 .*default/m);
  assert.match(list, /^1 .*running/m);
  const [one = '', two = '', foreign = ''] = host.disks;
  await host.script(volumes([one, two], foreign));
  assert.equal(await host.vm.powerOff(), 0);
});

test('booted from a striped logical volume alone: its disks are known from those of a foreign group', async () => {
  const [one = '', two = '', foreign = ''] = boxes;
  const append = `mkma_lvm=box/images mkma_storage_device=UUID=${FS} mkma_images_path=/images`;
  const from = ['--disk', one, '--disk', two];
  const free = blank('free.raw', 64 * MIB);
  {
    await using host = await GuestHost.start({ disks: [foreign, free], append, args: from });
    const before = await Promise.all(boxes.map(digestOf));
    for (const disk of ['/dev/vda', '/dev/vdb']) {
      assert.match(await refusal(host, disk), /\[target-booted-from\]/);
    }
    // udev of a machine with lvm2 has activated it.
    assert.match(await refusal(host, '/dev/vdd'), /foreign-data \(LVM\) is built on it/);
    await host.vm.ask('vgchange -q -an foreign');
    assert.match(await refusal(host, '/dev/vdd'), /\[target-in-use\][\s\S]*a physical volume of LVM/);
    assert.match(await refusal(host, '/dev/vde'), /\[medium-too-small\]/);
    await host.vm.ask('sync');
    assert.deepEqual(await Promise.all(boxes.map(digestOf)), before);
    await host.vm.ask('umount /var/cache/mkma /srv; echo kept >/root/kept');
    await host.vm.ask('/usr/bin/mkma persist --all', 400);
    assert.equal(await host.vm.powerOff(), 0);
  }
  const images = await hostImages();
  await using vm = await Vm.login(append, { images, args: ['--memory', '2048', ...from] });
  assert.equal(await vm.ask('cat /root/kept'), 'kept');
});
