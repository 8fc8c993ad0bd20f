import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Opening } from '../../../../src/core/boot/opening.js';
import type { BlockDevice } from '../../../../src/host/media/block-device.js';
import { deviceLines } from '../../../../src/host/media/describe.js';
import { mayWrite, requireForeign, type Uses } from '../../../../src/host/media/refuse.js';
import { namesOfStorage } from '../../../../src/host/media/uses.js';

const device = (name: string, more: Partial<BlockDevice> = {}): BlockDevice => ({
  ...{
    name,
    path: `/dev/${name}`,
    type: 'disk',
    size: 8 * 2 ** 30,
    model: 'Stick ',
    serial: 'S1',
    tran: 'usb',
  },
  ...{ ro: false, fstype: null, label: null, uuid: null, partlabel: null, mountpoints: [null], pkname: null },
  'log-sec': 512,
  ...more,
});
const part = (more: Partial<BlockDevice>): BlockDevice =>
  device('sdb1', { type: 'part', pkname: 'sdb', ...more });
const free: Uses = { loops: [], open: [], claimed: false, unwritable: false, bootedFrom: [] };

/** The code and the reason of the refusal. */
function refused(
  disk: BlockDevice,
  uses: Partial<Uses> = {},
  how: { medium?: string; update?: boolean } = {},
): string {
  const done = mayWrite(disk, { ...free, ...uses }, { update: false, ...how });
  return done.ok ? '' : `${done.problem.code}: ${done.problem.why}`;
}

test('a disk that nothing uses may be written', () => {
  assert.equal(refused(device('sdb', { children: [part({ fstype: 'ntfs' })] })), '');
});

test('whatever uses a disk is named', () => {
  const on = (child: Partial<BlockDevice>) => refused(device('sdb', { children: [part(child)] }));
  assert.equal(on({ mountpoints: ['/media/x'] }), 'target-in-use: /dev/sdb1 is mounted on /media/x');
  assert.equal(on({ mountpoints: ['[SWAP]'] }), 'target-in-use: /dev/sdb1 is swap');
  const built = (type: string) => on({ children: [device('dm-0', { type, path: '/dev/mapper/x' })] });
  assert.equal(built('lvm'), 'target-in-use: /dev/mapper/x (LVM) is built on it');
  assert.equal(built('raid1'), 'target-in-use: /dev/mapper/x (RAID) is built on it');
  assert.match(built('crypt'), /^target-in-use: .*encrypted/);
  assert.match(built('mpath'), /^target-in-use: .*device mapper/);
  assert.match(refused(device('sdb'), { open: ['77 dd'] }), /process 77 dd has it open/);
  assert.match(refused(device('sdb'), { loops: ['/dev/loop3'] }), /loop3 is a loop device over it/);
  assert.match(refused(device('sdb'), { claimed: true }), /^target-in-use: the kernel/);
});

test('who has to end a use is told how', () => {
  const crypt = device('dm-0', { type: 'crypt', path: '/dev/mapper/x' });
  const next = (child: Partial<BlockDevice>): string | undefined => {
    const done = mayWrite(device('sdb', { children: [part(child)] }), free, { update: true });
    return done.ok ? '' : done.problem.next;
  };
  assert.equal(next({ children: [crypt] }), 'close it: cryptsetup close /dev/mapper/x');
  assert.equal(
    next({ children: [{ ...crypt, mountpoints: ['/media/x'] }] }),
    'unmount it: umount /dev/mapper/x; close it: cryptsetup close /dev/mapper/x',
  );
  assert.equal(next({ mountpoints: ['[SWAP]'] }), 'end that use first');
});

test('read-only disks, and those with other sectors, are refused', () => {
  assert.match(refused(device('sdb', { ro: true })), /^target-read-only/);
  assert.match(refused(device('sdb'), { unwritable: true }), /^target-read-only/);
  assert.match(refused(device('sdb', { 'log-sec': 4096 })), /^target-sectors: they are 4096 bytes/);
});

test('a disk of the running system is refused before anything else is asked', () => {
  const root = device('sda', { children: [part({ mountpoints: ['/boot/efi'] })] });
  const done = requireForeign(root);
  assert.equal(done.ok ? '' : done.problem.code, 'target-runs-system');
  assert.ok(requireForeign(device('sdb', { children: [part({ mountpoints: ['/media/x'] })] })).ok);
});

test('the medium that this machine booted from is known by UUID or path, and may only be updated', () => {
  const disk = device('sdb', { children: [part({ uuid: 'abcd' })] });
  for (const bootedFrom of [['abcd'], ['/dev/sdb1', 'x']]) {
    assert.match(refused(disk, { bootedFrom }), /^target-booted-from/);
    assert.equal(refused(disk, { bootedFrom }, { update: true }), '');
  }
  assert.match(refused(device('sdb'), { bootedFrom: ['1234'] }, { medium: '1234' }), /^target-booted-from/);
  assert.equal(refused(disk, { bootedFrom: ['other'] }), '');
});

test('a machine that booted from encrypted or logical volumes knows their disks by the headers', () => {
  const storage = { asked: 'UUID=fs', device: '/dev/mapper/mkma-1', type: 'ext4', path: '/' };
  const lvm = [{ group: 'vg', volume: 'root' }];
  const on = (fstype: string, opening: Opening, members?: readonly string[]) =>
    refused(device('sdb', { children: [part({ fstype, uuid: 'luks' })] }), {
      bootedFrom: namesOfStorage({ ...storage, opening }, members),
    });
  assert.match(on('crypto_LUKS', { luks: ['luks'], lvm }), /^target-booted-from/);
  assert.equal(on('crypto_LUKS', { luks: ['other'], lvm }), '');
  assert.match(on('LVM2_member', { luks: [], lvm }), /^target-booted-from/);
  assert.match(on('LVM2_member', { luks: [], lvm }, ['luks']), /^target-booted-from/);
  // Of another group, or of others beside encrypted ones: not this machine's, but not free either.
  assert.match(on('LVM2_member', { luks: [], lvm }, ['other']), /^target-in-use/);
  assert.match(on('LVM2_member', { luks: ['other'], lvm }), /^target-in-use/);
});

test('a disk that belongs to others is refused while they are not active; what is not lost keeps nobody off', () => {
  const on = (fstype: string, update = false) =>
    refused(device('sdb', { children: [part({ fstype })] }), {}, { update });
  assert.equal(
    on('LVM2_member'),
    'target-in-use: /dev/sdb1 is a physical volume of LVM, which is not active now',
  );
  assert.match(on('linux_raid_member'), /a member of a RAID/);
  assert.match(on('isw_raid_member'), /a member of a RAID/);
  assert.match(on('zfs_member'), /ZFS/);
  assert.equal(on('crypto_LUKS'), '');
  assert.equal(on('LVM2_member', true), '');
});

test('a label cannot write over the description of its disk', () => {
  const lines = deviceLines(device('sdb', { children: [part({ label: 'a\x1b[2J\u202eb' })] }));
  assert.match(lines.join('\n'), /"a\?\[2J\?b"/);
});

test('a disk is described with what is on it', () => {
  const disk = device('sdb', { children: [part({ fstype: 'vfat', label: 'PHOTOS', size: 2 ** 30 })] });
  assert.deepEqual(deviceLines(disk), [
    '/dev/sdb: Stick, 8.00 GiB, bus usb, serial number S1',
    '  /dev/sdb1  1.00 GiB  vfat "PHOTOS"',
  ]);
});
