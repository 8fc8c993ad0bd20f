import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseFileSystem } from '../../../src/guest/init/candidates.js';
import { type Drivers, driversOf } from '../../../src/guest/init/modules.js';
import { readSettings, type Settings } from '../../../src/guest/init/settings.js';
import { findStorage, mountOptions, mountStorage } from '../../../src/guest/init/storage.js';
import { matching, parseExport, partitions } from '../../../src/guest/storage/blkid.js';
import { FakeMachine } from './fake-machine.js';

const EXPORT = [
  'DEVNAME=/dev/sda1\nLABEL=my\\ disk\nUUID=ABCD-1234\nTYPE=vfat\n',
  'DEVNAME=/dev/sda2\nUUID=6d1c\nTYPE=ext4\nPARTUUID=aa-02\n',
].join('\n');

function settingsOf(cmdline: string): Settings {
  const settings = readSettings(cmdline);
  assert.ok(settings.ok);
  return settings.value;
}

test("blkid's export is parsed, spaces in labels included", () => {
  const [first, second] = parseExport(EXPORT);
  assert.deepEqual(first, { node: '/dev/sda1', tags: { LABEL: 'my disk', UUID: 'ABCD-1234', TYPE: 'vfat' } });
  assert.equal(second?.node, '/dev/sda2');
});

/** A machine whose kernel has everything built in. */
const NO_DRIVERS: Drivers = { loadVirtual: () => undefined, loadAll: () => undefined, complete: true };

test('UUIDs match whatever their case, labels only exactly', () => {
  const devices = parseExport(EXPORT);
  const nodes = (tag: 'UUID' | 'LABEL' | 'PARTUUID', value: string): string[] =>
    matching(devices, { by: 'tag', tag, value }).map((device) => device.node);
  assert.deepEqual(nodes('UUID', 'abcd-1234'), ['/dev/sda1']);
  assert.deepEqual(nodes('PARTUUID', 'AA-02'), ['/dev/sda2']);
  assert.deepEqual(nodes('LABEL', 'My disk'), []);
});

test('/proc/partitions is parsed', () => {
  assert.deepEqual(partitions('major minor  #blocks  name\n\n 254        0    2048 vda\n'), [
    { name: 'vda', kib: 2048 },
  ]);
});

test('a device that appears late is found, and drivers are looked for until then', () => {
  const machine = new FakeMachine();
  machine.answer = (argv) =>
    argv[0] === 'blkid' && machine.clock >= 12 ? { stdout: EXPORT } : { code: 2, stdout: '' };
  let coldplugs = 0;
  const found = findStorage(machine, settingsOf('mkma_storage_device=PARTUUID=aa-02'), {
    ...NO_DRIVERS,
    loadAll: () => void coldplugs++,
  });
  assert.deepEqual(found.ok && found.value.map((device) => device.node), ['/dev/sda2']);
  assert.ok(coldplugs > 10, String(coldplugs));
  assert.ok(machine.clock < 14, 'it does not wait longer than needed');
  const asked = machine.calls.filter((call) => call.startsWith('blkid')).length;
  assert.ok(asked <= 4, `blkid is asked once a second, not at every look: ${asked}`);
});

test('a missing device: what was sought, how long, and what is there', () => {
  const machine = new FakeMachine();
  machine.answer = (argv) => (argv[0] === 'blkid' ? { stdout: EXPORT } : undefined);
  machine.files.set('/proc/partitions', { content: ' 8 32 4096 sdb\n' });
  const found = findStorage(machine, settingsOf('mkma_storage_device=LABEL=no mkma_timeout=3'), NO_DRIVERS);
  assert.equal(found.ok, false);
  if (found.ok) return;
  assert.ok(machine.clock >= 13 && machine.clock < 13.5, String(machine.clock));
  assert.equal(found.problem.where, 'mkma_storage_device=LABEL=no');
  assert.match(found.problem.why ?? '', /waited 3 seconds/);
  assert.match(found.problem.why ?? '', /\/dev\/sda1: TYPE=vfat LABEL=my disk/);
  assert.match(found.problem.why ?? '', /\/dev\/sdb: 4 MiB, content unknown/);
});

test('a missing parameter names it and lists the devices to choose from', () => {
  const machine = new FakeMachine();
  machine.answer = (argv) => (argv[0] === 'blkid' ? { stdout: EXPORT } : undefined);
  const found = findStorage(machine, settingsOf('quiet'), NO_DRIVERS);
  assert.equal(!found.ok && found.problem.where, 'mkma_storage_device=');
  assert.match((!found.ok && found.problem.why) || '', /UUID=ABCD-1234/);
});

test('an encrypted volume is called what it is and not mounted', () => {
  const machine = new FakeMachine();
  const mounted = mountStorage(machine, [{ node: '/dev/sda3', tags: { TYPE: 'crypto_LUKS' } }], NO_DRIVERS);
  assert.match((!mounted.ok && mounted.problem.why) || '', /LUKS/);
  assert.deepEqual(machine.calls, []);
});

test('a journal that cannot be replayed is left alone', () => {
  const device = [{ node: '/dev/sda2', tags: { TYPE: 'ext4' } }];
  assert.deepEqual(
    mountOptions('ext4', device, false).map((options) => options.at(-1)),
    ['noexec', 'noload'],
  );
  const machine = new FakeMachine();
  machine.answer = (argv) =>
    argv[0] === 'mount' && !argv.join(' ').includes('noload') ? { code: 32, stderr: 'read-only' } : undefined;
  const mounted = mountStorage(machine, device, NO_DRIVERS);
  assert.deepEqual(
    mounted.ok && mounted.value.warnings,
    machine.lines.map((line) => line.slice('mkma: '.length)),
  );
  const mounts = machine.calls.filter((call) => call.startsWith('mount'));
  assert.ok(mounts.at(-1)?.includes('noload'));
  assert.match(
    machine.lines.join('\n'),
    /mounted without its journal, which could not be replayed: read-only/,
  );
});

test('a btrfs that announces a replay and then cannot write is not told to be replayed', () => {
  const machine = new FakeMachine();
  machine.answer = (argv) => {
    if (argv[0] === 'dmesg')
      return { stdout: '[   10.000001] BTRFS info (device sda2): start tree-log replay\n' };
    return argv[0] === 'mount' && !argv.join(' ').includes('nologreplay')
      ? { code: 32, stderr: 'no' }
      : undefined;
  };
  assert.ok(mountStorage(machine, [{ node: '/dev/sda2', tags: { TYPE: 'btrfs' } }], NO_DRIVERS).ok);
  assert.doesNotMatch(machine.lines.join('\n'), /was replayed/);
});

test('a journal that the kernel replays is told, one of an earlier mount is not', () => {
  for (const [words, type] of [
    ['EXT4-fs (sda2): recovery complete', 'ext4'],
    ['XFS (sda2): Ending recovery (logdev: internal)', 'xfs'],
    ['BTRFS info (device sda2): start tree-log replay', 'btrfs'],
    ['BTRFS info (device sda2 state E): start tree-log replay', 'btrfs'],
  ]) {
    const told = (time: string, node: string): boolean => {
      const machine = new FakeMachine();
      machine.answer = (argv) => (argv[0] === 'dmesg' ? { stdout: `[${time}] ${words}\n` } : undefined);
      assert.ok(mountStorage(machine, [{ node, tags: { TYPE: type as string } }], NO_DRIVERS).ok);
      return /its journal was replayed/.test(machine.lines.join('\n'));
    };
    assert.equal(told('   10.200000', '/dev/sda2'), true, words);
    assert.equal(told('    9.900000', '/dev/sda2'), false, words);
    assert.equal(told('   10.200000', '/dev/sda1'), false, words);
  }
});

test('the journal of a hibernated system is never replayed, and a mount that fails for it says why', () => {
  for (const [type, option] of [
    ['ext4', 'noload'],
    ['xfs', 'norecovery'],
    ['btrfs', 'rescue=nologreplay'],
  ] as const) {
    const machine = new FakeMachine();
    machine.answer = (argv) => {
      if (argv[0] === 'blkid') return { stdout: 'DEVNAME=/dev/sda3\nTYPE=swsuspend\n' };
      return argv[0] === 'mount' ? { code: 32, stderr: 'wrong fs type' } : undefined;
    };
    const mounted = mountStorage(machine, [{ node: '/dev/sda2', tags: { TYPE: type } }], NO_DRIVERS);
    const mounts = machine.calls.filter((call) => call.startsWith('mount'));
    assert.equal(mounts.length, 1, mounts.join('\n'));
    assert.ok(mounts[0]?.includes(option), mounts[0]);
    assert.equal(mounted.ok, false);
    if (mounted.ok) return;
    assert.match(
      mounted.problem.why ?? '',
      /wrong fs type\n.*\nits journal was not replayed: a hibernated system/s,
    );
    assert.equal(mounted.problem.next, 'resume the hibernated system and shut it down, then boot again');
  }
});

test("with a journal that holds nothing, no other disk is looked at for a hibernated system's", () => {
  const asked = (incompatible: number): number => {
    const machine = new FakeMachine();
    const bytes = new Uint8Array(2048);
    bytes.set([0x53, 0xef], 1024 + 0x38);
    bytes[1024 + 0x60] = incompatible;
    machine.files.set('/dev/vda', { content: bytes });
    let loads = 0;
    const drivers = { ...NO_DRIVERS, loadAll: () => void loads++ };
    assert.ok(mountStorage(machine, [{ node: '/dev/vda', tags: { TYPE: 'ext4' } }], drivers).ok);
    return loads + machine.calls.filter((call) => /^(blkid|dmesg)/.test(call)).length;
  };
  assert.equal(asked(0x2c2), 0);
  // All drivers, blkid, and what the kernel said of a replay.
  assert.equal(asked(0x2c6), 3);
});

test("a virtual machine's own devices come first: where the images lie there, no other driver is loaded", () => {
  const machine = new FakeMachine();
  const device = (path: string, alias: string): void => {
    const parts = path.split('/');
    for (let i = 2; i < parts.length; i++)
      machine.files.set(parts.slice(0, i + 1).join('/'), { kind: 'directory' });
    machine.files.set(`${path}/uevent`, { content: `DRIVER=x\nMODALIAS=${alias}\n` });
  };
  machine.files.set('/sys/bus', { kind: 'directory' });
  machine.files.set('/mkma/modules', { content: 'overlay\n' });
  device('/sys/bus/pci/devices/0', 'pci:v00001AF4d00001001sv');
  device('/sys/bus/pci/devices/1', 'pci:v00008086d00007010sv');
  machine.answer = (argv) => {
    if (argv[0] === 'modprobe' && argv.includes('pci:v00001AF4d00001001sv'))
      device('/sys/bus/virtio/devices/0', 'virtio:d00000002v00001AF4');
    return argv[0] === 'blkid' ? { stdout: 'DEVNAME=/dev/vda\nTYPE=ext4\n' } : undefined;
  };
  machine.files.set('/proc/partitions', { content: ' 254 0 4096 vda\n' });
  const drivers = driversOf(machine);
  const loads = (): string[] => machine.calls.filter((call) => call.startsWith('modprobe'));
  assert.ok(findStorage(machine, settingsOf('mkma_storage_device=/dev/vda'), drivers).ok);
  assert.deepEqual(loads(), [
    'modprobe -abq overlay pci:v00001AF4d00001001sv',
    'modprobe -abq virtio:d00000002v00001AF4',
  ]);
  assert.ok(!findStorage(machine, settingsOf('mkma_storage_device=/dev/sda mkma_timeout=1'), drivers).ok);
  assert.deepEqual(loads().slice(2), ['modprobe -abq pci:v00008086d00007010sv']);
});

/** A member of a btrfs of `devices` devices, and its superblock. */
function member(machine: FakeMachine, node: string, devices: number, id: number) {
  const bytes = new Uint8Array(0x10000 + 0x1000);
  bytes.set(new TextEncoder().encode('_BHRfS_M'), 0x10040);
  bytes[0x10088] = devices;
  bytes[0x100c9] = id;
  machine.files.set(node, { content: bytes });
  return `DEVNAME=${node}\nUUID=b7\nUUID_SUB=s${id}\nTYPE=btrfs\n`;
}

test('a btrfs on two devices is waited for until both are there, by whichever it is named', () => {
  for (const name of ['UUID=b7', '/dev/sda', '/dev/sdb']) {
    const machine = new FakeMachine();
    const first = member(machine, '/dev/sda', 2, 1);
    const second = member(machine, '/dev/sdb', 2, 2);
    machine.answer = (argv) =>
      argv[0] === 'blkid' ? { stdout: machine.clock < 13 ? first : `${first}\n${second}` } : undefined;
    const found = findStorage(machine, settingsOf(`mkma_storage_device=${name}`), NO_DRIVERS);
    assert.deepEqual(found.ok && found.value.map((device) => device.node).sort(), ['/dev/sda', '/dev/sdb']);
    assert.ok(machine.clock >= 13, name);
  }
});

test('a btrfs on one device that is named by its path is taken alone, though a copy has the same UUID', () => {
  const machine = new FakeMachine();
  const both = ['/dev/sda', '/dev/sdb'].map((node) => member(machine, node, 1, 1)).join('\n');
  machine.answer = (argv) => (argv[0] === 'blkid' ? { stdout: both } : undefined);
  const nodes = (name: string): string[] => {
    const settings = settingsOf(`mkma_storage_device=${name}`);
    const found = findStorage(machine, settings, NO_DRIVERS);
    assert.ok(found.ok);
    return chooseFileSystem(machine, settings, found.value).devices.map((device) => device.node);
  };
  assert.deepEqual(nodes('/dev/sdb'), ['/dev/sdb']);
  assert.deepEqual(nodes('UUID=b7'), ['/dev/sda'], 'of two copies one is mounted, not both');
});

test('a btrfs of which a device does not come: how many, and which are there', () => {
  const machine = new FakeMachine();
  const second = member(machine, '/dev/sdb', 3, 2);
  machine.answer = (argv) => (argv[0] === 'blkid' ? { stdout: second } : undefined);
  const found = findStorage(machine, settingsOf('mkma_storage_device=UUID=b7 mkma_timeout=2'), NO_DRIVERS);
  assert.ok(!found.ok);
  assert.equal(found.problem.what, '2 of the 3 devices of this btrfs file system did not appear');
  assert.match(found.problem.why ?? '', /waited 2 seconds.*\ndevid 2: \/dev\/sdb: TYPE=btrfs UUID=b7/);
  assert.match(found.problem.next ?? '', /mkma_timeout/);
});

test("NTFS is mounted by the kernel's driver of another name", () => {
  const machine = new FakeMachine();
  assert.ok(mountStorage(machine, [{ node: '/dev/sda1', tags: { TYPE: 'ntfs' } }], NO_DRIVERS).ok);
  assert.match(machine.calls.find((call) => call.startsWith('mount')) ?? '', /^mount -t ntfs3 /);
});

test('a btrfs is mounted from its top level, with all its devices', () => {
  const devices = ['/dev/a', '/dev/b'].map((node) => ({ node, tags: { TYPE: 'btrfs' } }));
  const [options] = mountOptions('btrfs', devices, false);
  assert.ok(options?.includes('subvolid=5'));
  assert.ok(options?.includes('device=/dev/b'));
});
