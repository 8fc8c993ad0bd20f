import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attachData, attachOwn, checkPresent, parseOwnDisk } from '../../../../src/host/qemu/own-disks.js';
import { diskArguments } from '../../../../src/host/tools/qemu-disks.js';

test('data disks come behind the others, by serial numbers of their own; read-only where that is said', () => {
  const disks = [
    ...attachOwn([parseOwnDisk('images.img')]),
    ...attachData(['home.img', 'data.img:ro'].map(parseOwnDisk)),
  ];
  const args = diskArguments(disks, 'virtio', false);
  assert.deepEqual(
    args.filter((_, i) => args[i - 1] === '-device').map((device) => /serial=(.*)/.exec(device)?.[1]),
    ['mkma', 'mkma-data-1', 'mkma-data-2'],
  );
  const drives = args.filter((_, i) => args[i - 1] === '-drive');
  assert.deepEqual(
    drives.map((drive) => drive.endsWith(',readonly=on')),
    [false, false, true],
  );
  const absent = checkPresent('--data-disk', [parseOwnDisk('/no/such.img')]);
  assert.ok(!absent.ok && absent.problem.code === 'no-such-disk-image');
});
