import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootCmdline, bootEntry, place } from '../../../src/host/steps/placement.js';

const mount = { source: '/dev/sda2', target: '/', fstype: 'ext4', fsroot: '/', uuid: '1234-abcd' };

test('the path counts from the top of the file system, through mount points and subvolumes', () => {
  const cases: [string, Partial<typeof mount>, string][] = [
    ['/srv/images', {}, '/srv/images'],
    ['/srv/images', { target: '/srv' }, '/images'],
    ['/srv', { target: '/srv' }, '/'],
    ['/home/me/images', { target: '/home', fstype: 'btrfs', fsroot: '/@home' }, '/@home/me/images'],
  ];
  for (const [folder, change, path] of cases) {
    assert.deepEqual(place(folder, { ...mount, ...change }, ['part', 'disk']), {
      bootable: true,
      device: 'UUID=1234-abcd',
      path,
    });
  }
});

test('the command line and the entry carry them, quoted where needed', () => {
  const placement = place('/my images', mount, []);
  const cmdline = bootCmdline(placement);
  assert.equal(cmdline, 'mkma_storage_device=UUID=1234-abcd mkma_images_path="/my images"');
  assert.deepEqual(bootEntry(placement, 'box'), [
    "menuentry 'box (mkma, in RAM)' {",
    '    search --no-floppy --fs-uuid --set=root 1234-abcd',
    "    linux '/my images/vmlinuz' mkma_storage_device=UUID=1234-abcd 'mkma_images_path=/my images'",
    "    initrd '/my images/initramfs.cpio.zst'",
    '}',
  ]);
  assert.equal(
    bootEntry(placement, 'box', true).at(-2),
    "    initrd '/my images/microcode.cpio' '/my images/initramfs.cpio.zst'",
  );
  assert.equal(bootCmdline(place('/', mount, [])), 'mkma_storage_device=UUID=1234-abcd');
});

test('what GRUB would take for itself is quoted, what it cannot carry refused', () => {
  const dollar = bootEntry(place('/a$b;c', mount, []), 'x').find((line) => line.includes('linux'));
  assert.equal(
    dollar,
    "    linux '/a$b;c/vmlinuz' mkma_storage_device=UUID=1234-abcd 'mkma_images_path=/a$b;c'",
  );
  for (const path of ["/it's", '/a"b', '/a\\b']) {
    const placement = place(path, mount, []);
    assert.ok(!placement.bootable);
    assert.match(placement.problem.why ?? '', /quote or backslash/);
  }
});

test('a device without a readable UUID is named by its path', () => {
  const placement = place('/x', { ...mount, uuid: '' }, []);
  assert.equal(placement.bootable && placement.device, '/dev/sda2');
});

test('what early boot cannot open is said, with what to do, and no entry is printed', () => {
  const cases: [Partial<typeof mount>, string[], RegExp][] = [
    [{ fstype: 'tmpfs', source: 'tmpfs' }, [], /early boot does not open tmpfs \(tmpfs\)/],
    [{ fstype: 'overlay', source: 'overlay' }, [], /does not open overlay/],
    [{ source: '/dev/mapper/x' }, ['crypt', 'part', 'disk'], /\/dev\/mapper\/x is built on crypt/],
    [{ source: '/dev/mapper/vg-root' }, ['lvm', 'part'], /built on lvm/],
    [{ source: '/dev/md0' }, ['raid1', 'disk'], /built on raid1/],
  ];
  for (const [change, layers, why] of cases) {
    const placement = place('/x', { ...mount, ...change }, layers);
    assert.ok(!placement.bootable);
    assert.match(placement.problem.why ?? '', why);
    assert.match(
      placement.problem.next ?? '',
      /copy base\.cpio\.zst, initramfs\.cpio\.zst, vmlinuz to a folder/,
    );
    assert.equal(bootCmdline(placement), '');
    assert.deepEqual(bootEntry(placement, 'x'), []);
  }
});
