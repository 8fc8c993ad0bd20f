import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootCmdline } from '../../../../src/host/boot-entry/entry.js';
import { doubtOf, place } from '../../../../src/host/boot-entry/placement.js';
import type { BlockNode } from '../../../../src/host/boot-entry/volumes.js';

/** Layers, each on the next. */
function stack(...types: readonly string[]): BlockNode | undefined {
  return types.reduceRight<BlockNode | undefined>(
    (below, type) => ({
      path: type === 'lvm' ? '/dev/mapper/vg-root' : `/dev/${type}`,
      ...{ type, children: below === undefined ? [] : [below] },
    }),
    undefined,
  );
}

const mount = { source: '/dev/sda2', target: '/', fstype: 'ext4', fsroot: '/', uuid: '1234-abcd' };

test('the path counts from the top of the file system, through mount points and subvolumes', () => {
  const cases: [string, Partial<typeof mount>, string][] = [
    ['/srv/images', {}, '/srv/images'],
    ['/srv/images', { target: '/srv' }, '/images'],
    ['/srv', { target: '/srv' }, '/'],
    ['/home/me/images', { target: '/home', fstype: 'btrfs', fsroot: '/@home' }, '/@home/me/images'],
  ];
  for (const [folder, change, path] of cases) {
    assert.deepEqual(place(folder, { ...mount, ...change }, stack('part', 'disk')), {
      bootable: true,
      device: 'UUID=1234-abcd',
      path,
    });
  }
});

test('the command line carries them, quoted where needed', () => {
  assert.equal(
    bootCmdline(place('/my images', mount, undefined), []),
    'mkma_storage_device=UUID=1234-abcd mkma_images_path="/my images"',
  );
  const append = [{ name: 'quiet' }];
  assert.equal(bootCmdline(place('/', mount, undefined), append), 'mkma_storage_device=UUID=1234-abcd quiet');
});

test('a path that GRUB cannot hand to a kernel is refused', () => {
  for (const path of ["/it's", '/a"b', '/a\\b', '/a\nb']) {
    const placement = place(path, mount, undefined);
    assert.ok(!placement.bootable);
    assert.match(placement.problem.why ?? '', /quote or backslash/);
  }
});

test('a device without a readable UUID is named by its path', () => {
  const placement = place('/x', { ...mount, uuid: '' }, undefined);
  assert.equal(placement.bootable && placement.device, '/dev/sda2');
  assert.match(doubtOf(placement)?.next ?? '', /UUID=/);
  assert.equal(doubtOf(place('/x', mount, undefined)), undefined);
});

test('what early boot cannot open is said, with what to do, and no entry is printed', () => {
  const cases: [Partial<typeof mount>, string[], RegExp][] = [
    [{ fstype: 'tmpfs', source: 'tmpfs' }, [], /early boot does not open tmpfs \(tmpfs\)/],
    [{ fstype: 'overlay', source: 'overlay' }, [], /does not open overlay/],
    [{ source: '/dev/mapper/x' }, ['crypt', 'part', 'disk'], /\/dev\/mapper\/x is built on crypt/],
    [{ source: '/dev/mapper/vg-root' }, ['lvm', 'lvm', 'part'], /logical volume .*linear and striped/],
    [{ source: '/dev/loop0' }, ['loop'], /built on loop/],
    [{ source: '/dev/md0' }, ['raid1', 'disk'], /built on raid1/],
  ];
  for (const [change, layers, why] of cases) {
    const placement = place('/x', { ...mount, ...change }, stack(...layers));
    assert.ok(!placement.bootable);
    assert.match(placement.problem.why ?? '', why);
    assert.match(placement.problem.next ?? '', /copy the base, initramfs\.cpio\.zst and vmlinuz to a folder/);
    assert.equal(bootCmdline(placement, []), '');
  }
});

test('a partition on a loop device is that of a disk image: a machine boots from it', () => {
  assert.ok(place('/x', { ...mount, source: '/dev/loop0p2' }, stack('part', 'loop')).bootable);
});
