import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BootRecord } from '../../../src/core/boot/record.js';
import { bootMachine } from '../../../src/guest/init/boot.js';
import type { FakeMachine } from './fake-machine.js';
import { answer, failing, goodMachine } from './good-machine.js';

/** A machine on which three devices fit the name; those named hold the base. */
function clonedMachine(holders: readonly string[], types = ['ext4', 'ext4', 'ext4']): FakeMachine {
  const machine = goodMachine('mkma_storage_device=LABEL=stick');
  const exported = types.map(
    (type, i) => `DEVNAME=/dev/sd${'abc'[i]}1\nLABEL=stick\nUUID=12-34\nTYPE=${type}\n`,
  );
  const image = machine.files.get('/storage/img/base.cpio.zst') ?? {};
  machine.files.delete('/storage/img/base.cpio.zst');
  machine.answer = (argv, fake) => {
    const device = argv.at(-2) ?? '';
    if (argv[0] === 'mount' && argv.at(-1) === '/storage' && holders.includes(device)) {
      fake.files.set('/storage/img/base.cpio.zst', image);
    }
    if (argv.join(' ') === 'umount /storage' && fake.started.length === 0) {
      fake.files.delete('/storage/img/base.cpio.zst');
    }
    return argv[0] === 'blkid' ? { stdout: exported.toReversed().join('\n') } : answer(argv, fake);
  };
  return machine;
}

test('of several devices that fit the name the one with the base is taken, and all are told and recorded', () => {
  const machine = clonedMachine(['/dev/sdb1']);
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  assert.deepEqual(machine.lines.slice(0, 5), [
    'mkma: mkma_storage_device=LABEL=stick matches 3 file systems:',
    'mkma:   /dev/sda1: TYPE=ext4 LABEL=stick UUID=12-34, without a base in /img',
    'mkma:   /dev/sdb1: TYPE=ext4 LABEL=stick UUID=12-34, with /img/base.cpio.zst',
    'mkma:   /dev/sdc1: TYPE=ext4 LABEL=stick UUID=12-34, without a base in /img',
    'mkma: using /dev/sdb1: the only one that contains the base',
  ]);
  const { storage } = JSON.parse(machine.readText('/run/mkma/boot.json') ?? '') as BootRecord;
  assert.deepEqual([storage.device, storage.others], ['/dev/sdb1', ['/dev/sda1', '/dev/sdc1']]);
  const looks = machine.calls.filter((call) => call.startsWith('mount -t ext4')).slice(0, 3);
  for (const look of looks) assert.match(look, /noload/, 'no journal is replayed to look');
});

test('where several hold the base the first is taken, and how to take another is said', () => {
  const machine = clonedMachine(['/dev/sdb1', '/dev/sdc1']);
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  assert.ok(machine.lines.includes('mkma: using /dev/sdb1: the first that contains a base'));
  assert.match(machine.lines.join('\n'), /to use another, set mkma_storage_device to .*: PARTUUID=/);
});

test('where none holds the base the boot fails on the first, with all of them told', () => {
  failing(
    clonedMachine([]),
    'mount',
    /using \/dev\/sda1: the first, since none/,
    /: no base\.cpio\.zst or base\.erofs in the images folder/,
  );
});

test('what cannot be mounted is not taken for a copy; a btrfs on several devices is one file system', () => {
  const locked = clonedMachine(['/dev/sdb1'], ['crypto_LUKS', 'ext4']);
  assert.equal(bootMachine(locked), true, locked.lines.join('\n'));
  assert.ok(locked.lines.includes('mkma: using /dev/sdb1: the only one that contains the base'));
  const btrfs = clonedMachine(['/dev/sda1'], ['btrfs', 'btrfs']);
  assert.equal(bootMachine(btrfs), true, btrfs.lines.join('\n'));
  assert.match(btrfs.lines[0] ?? '', /^mkma: found \/img\/base\.cpio\.zst on \/dev\/sda1 \(btrfs\)/);
  const mixed = clonedMachine(['/dev/sdc1'], ['ext4', 'btrfs', 'ext4']);
  assert.equal(bootMachine(mixed), true, mixed.lines.join('\n'));
  assert.ok(mixed.lines.includes('mkma: using /dev/sdc1: the only one that contains the base'));
});
