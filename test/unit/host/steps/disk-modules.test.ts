import assert from 'node:assert/strict';
import { test } from 'node:test';
import { disksOf } from '../../../../src/host/definition/disks.js';
import type { MachineInput } from '../../../../src/host/definition/machine.js';
import { parseModuleIndex } from '../../../../src/host/kernel/modules.js';
import { diskProblem } from '../../../../src/host/steps/disk-modules.js';
import { machine } from '../customise/small-tree.js';

const index = (builtin = '') =>
  parseModuleIndex({
    dep: 'kernel/fs/ext4/ext4.ko.xz:\nkernel/fs/fat/vfat.ko.xz:\nkernel/fs/ntfs3/ntfs3.ko.xz:\n',
    builtin,
    softdep: '',
    alias: 'alias fs-ext4 ext4\nalias fs-ext2 ext4\nalias fs-vfat vfat\nalias fs-ntfs ntfs3\n',
  });

function problemOf(mount: NonNullable<MachineInput['mounts']>[string], builtin = '', helpers: string[] = []) {
  const [disk] = disksOf(machine({ mounts: { '/srv': mount } }));
  assert.ok(disk);
  return diskProblem(disk, index(builtin), '6.12', (type) => helpers.includes(type));
}

test('file systems that the kernel has: as a module, by an alias, built in, as an older form, or by a program', () => {
  const device = 'LABEL=x';
  for (const type of ['ext4', 'ext3', 'vfat', 'ntfs', 'auto']) {
    assert.equal(problemOf({ device, type }), undefined, type);
  }
  assert.equal(problemOf({ device, type: 'xfs' }, 'kernel/fs/xfs/xfs.ko\n'), undefined);
  assert.equal(problemOf({ device, type: 'ntfs-3g' }, '', ['ntfs-3g']), undefined);
});

test('one that it lacks is refused with what it has, and so is encryption without dm_crypt', () => {
  const problem = problemOf({ device: 'LABEL=x', type: 'etx4' });
  assert.equal(problem?.code, 'no-file-system');
  assert.equal(problem.suggestion, 'ext4');
  assert.equal(problem.next, 'did you mean ext4? the kernel has ext2, ext4, ntfs, vfat');
  assert.deepEqual(problem.field, ['mounts', '/srv', 'type']);
  const encrypted = { device: 'LABEL=x', encrypted: true };
  assert.equal(problemOf(encrypted)?.code, 'no-dm-crypt');
  assert.equal(problemOf(encrypted, 'kernel/drivers/md/dm-crypt.ko\n'), undefined);
});
