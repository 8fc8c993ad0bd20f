import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DISKS_FILE, type ExpectedDisk } from '../../../../src/core/boot/disks.js';
import { neededPackages } from '../../../../src/host/customise/customise.js';
import { diskFiles, diskLinks, homeFiles } from '../../../../src/host/customise/disks/files.js';
import {
  crypttabLines,
  fstabLines,
  homesOnDisks,
  optionsOnDisk,
} from '../../../../src/host/customise/disks/tables.js';
import { describeKey } from '../../../../src/host/customise/repository-keys.js';
import { machineFiles } from '../../../../src/host/customise/system-files.js';
import type { MachineInput } from '../../../../src/host/definition/machine.js';
import { machine } from './small-tree.js';

const ABSENT = 'nofail,x-systemd.device-timeout=180s,x-systemd.before=local-fs.target';
const UNLOCKED = 'nofail,x-systemd.device-timeout=infinity,x-systemd.before=local-fs.target';

function tables(fields: MachineInput, homes: readonly (readonly [string, string])[] = []) {
  const defined = machine(fields);
  return {
    fstab: fstabLines(defined, homesOnDisks(defined, new Map(homes))).join(''),
    crypttab: crypttabLines(defined).join(''),
  };
}

test('plain disks: absent ones do not stop the boot, required ones do; file systems are checked as Debian does', () => {
  const { fstab, crypttab } = tables({
    mounts: {
      '/srv/my data': { device: 'LABEL=my disk', type: 'btrfs', options: ['subvol=data', 'noatime'] },
      '/home': { device: 'UUID=AAAAAAAA-2222-4333-8444-555555555555', type: 'ext4', required: true },
      '/srv': { device: '/dev/disk/by-id/x', options: ['x-systemd.device-timeout=60s'] },
      '/mnt': { device: 'LABEL=later', type: 'xfs', options: ['noauto'] },
      '/srv/none': false,
    },
    swap: [{ device: 'PARTLABEL=swap', priority: 0, options: ['discard'] }],
  });
  assert.equal(
    fstab,
    `UUID=aaaaaaaa-2222-4333-8444-555555555555 /home ext4 defaults 0 2
LABEL=later /mnt xfs noauto,nofail,x-systemd.device-timeout=180s 0 0
/dev/disk/by-id/x /srv auto x-systemd.device-timeout=60s,nofail,x-systemd.before=local-fs.target 0 2
LABEL=my\\040disk /srv/my\\040data btrfs subvol=data,noatime,${ABSENT} 0 0
PARTLABEL=swap none swap discard,pri=0,nofail,x-systemd.device-timeout=180s 0 0
`,
  );
  assert.equal(crypttab, '');
});

test('encrypted disks: by passphrase, key file, key on another device, TPM; swap with a random key', () => {
  const { fstab, crypttab } = tables({
    mounts: {
      '/home': { device: 'UUID=x', type: 'ext4', encrypted: true, required: true },
      '/srv/a': { device: 'LABEL=a a', encrypted: { keyFile: '/k', options: ['discard', 'timeout=0'] } },
      '/srv/b': { device: 'UUID=b', encrypted: { keyFile: '/b.key', keyDevice: 'LABEL=my keys' } },
      '/srv/c': {
        device: 'UUID=c',
        encrypted: { tpm2: true, name: 'safe' },
        options: ['noatime', 'x-systemd.device-timeout=60s'],
      },
    },
    swap: [
      { device: 'LABEL=first' },
      { device: 'PARTUUID=AB-01', encrypted: 'random', priority: 7 },
      { device: 'UUID=s', encrypted: true },
    ],
  });
  assert.equal(
    fstab,
    `/dev/mapper/home /home ext4 defaults 0 2
/dev/mapper/srv-a /srv/a auto ${UNLOCKED} 0 2
/dev/mapper/srv-b /srv/b auto ${UNLOCKED} 0 2
/dev/mapper/safe /srv/c auto noatime,${UNLOCKED} 0 2
LABEL=first none swap nofail,x-systemd.device-timeout=180s 0 0
/dev/mapper/swap2 none swap pri=7,nofail,x-systemd.device-timeout=infinity 0 0
/dev/mapper/swap3 none swap nofail,x-systemd.device-timeout=infinity 0 0
`,
  );
  const limits = 'nofail,x-systemd.device-timeout=180s,timeout=90s';
  assert.equal(
    crypttab,
    `home UUID=x none luks
srv-a /dev/disk/by-label/a\\x20a /k discard,timeout=0,luks,nofail,x-systemd.device-timeout=180s
srv-b UUID=b /b.key:/dev/disk/by-label/my\\x20keys luks,keyfile-timeout=180s,${limits}
safe UUID=c none x-systemd.device-timeout=60s,luks,tpm2-device=auto,nofail,timeout=90s
swap2 PARTUUID=ab-01 /dev/urandom swap,cipher=aes-xts-plain64,size=512,nofail,x-systemd.device-timeout=180s
swap3 UUID=s none luks,${limits}
`,
  );
});

test('mounts of one encrypted file system share what unlocks it, and it is required where one of them is', () => {
  const device = { device: 'UUID=x', type: 'btrfs', encrypted: true };
  const { fstab, crypttab } = tables({
    mounts: {
      '/home': { ...device, options: ['subvol=home'] },
      '/srv': { ...device, options: ['subvol=srv'], required: true },
    },
  });
  assert.equal(crypttab, 'home UUID=x none luks\n');
  assert.match(fstab, /^\/dev\/mapper\/home \/home btrfs subvol=home,nofail,/);
  assert.match(fstab, /\n\/dev\/mapper\/home \/srv btrfs subvol=srv 0 0\n$/);
});

test('homes on disks are made before what is mounted in them, volumes in RAM too, and those do not stop the boot', () => {
  const fields: MachineInput = {
    mounts: {
      '/home': { device: 'LABEL=home' },
      '/home/ben': { device: 'LABEL=ben' },
      '/home/ada/media': { device: 'LABEL=media' },
    },
    ramVolumes: { '/home/ada/.cache': { size: '10%' }, '/var/cache/x': { size: '10%' } },
  };
  const users = [
    ['ada', '/home/ada'],
    ['ben', '/home/ben'],
    ['carl', '/var/lib/carl'],
  ] as const;
  const defined = machine(fields);
  const homes = homesOnDisks(defined, new Map(users));
  assert.deepEqual(
    homes.map(({ user, point }) => [user, point]),
    [
      ['ada', '/home'],
      ['ben', '/home/ben'],
    ],
  );
  const after = 'x-systemd.after=mkma-homes.service';
  assert.equal(
    tables(fields, users).fstab,
    `LABEL=home /home auto ${ABSENT} 0 2
LABEL=media /home/ada/media auto ${ABSENT},${after} 0 2
LABEL=ben /home/ben auto ${ABSENT} 0 2
`,
  );
  assert.deepEqual(optionsOnDisk('/home/ada/.cache', defined, homes), [
    'nofail',
    'x-systemd.before=local-fs.target',
    after,
  ]);
  assert.deepEqual(optionsOnDisk('/var/cache/x', defined, homes), []);
  const files = homeFiles(homes);
  assert.equal(files['/usr/lib/mkma/disks/homes.list'], 'ada /home\nben /home/ben\n');
  assert.match(
    files['/etc/systemd/system/mkma-homes.service'] ?? '',
    /^After=home\.mount home-ben\.mount\nBefore=local-fs\.target$/m,
  );
  assert.deepEqual(Object.keys(diskLinks(defined, homes)), [
    '/etc/systemd/system/sysinit.target.wants/mkma-disks-wait.service',
    '/etc/systemd/system/multi-user.target.wants/mkma-disks.service',
    '/etc/systemd/system/home.mount.wants/mkma-homes.service',
    '/etc/systemd/system/home-ben.mount.wants/mkma-homes.service',
    // Reported anew once a disk that was absent is mounted.
    '/etc/systemd/system/home.mount.wants/mkma-disks.service',
    '/etc/systemd/system/home-ada-media.mount.wants/mkma-disks.service',
    '/etc/systemd/system/home-ben.mount.wants/mkma-disks.service',
  ]);
});

test('the machine is told of its disks, and looks what is on a partition before it makes swap of it', () => {
  const files = diskFiles(
    machine({
      mounts: {
        '/srv/data': { device: 'PARTLABEL=data', encrypted: true },
        '/mnt': { device: 'LABEL=x', options: ['noauto'] },
      },
      swap: [{ device: 'PARTUUID=ab-01', encrypted: 'random' }],
    }),
  );
  const expected: ExpectedDisk[] = [
    {
      point: '/srv/data',
      device: 'PARTLABEL=data',
      node: '/dev/disk/by-partlabel/data',
      unit: 'srv-data.mount',
      unlocked: { node: '/dev/mapper/srv-data', unit: 'systemd-cryptsetup@srv\\x2ddata.service' },
    },
    {
      device: 'PARTUUID=ab-01',
      node: '/dev/disk/by-partuuid/ab-01',
      unit: 'dev-mapper-swap.swap',
      unlocked: { node: '/dev/mapper/swap', unit: 'systemd-cryptsetup@swap.service' },
    },
  ];
  assert.deepEqual(JSON.parse(files[DISKS_FILE] ?? ''), expected);
  assert.match(
    files['/etc/systemd/system/mkma-disks.service'] ?? '',
    /^After=srv-data\.mount dev-mapper-swap\.swap\nBefore=systemd-user-sessions\.service$/m,
  );
  const guards = Object.keys(files).filter((path) => path.endsWith('/10-mkma.conf'));
  assert.deepEqual(guards, ['/etc/systemd/system/systemd-cryptsetup@swap.service.d/10-mkma.conf']);
  assert.match(files[guards[0] as string] ?? '', /^ExecStartPre=.*"\/dev\/disk\/by-partuuid\/ab-01"$/m);
  assert.ok(!('/etc/crypttab' in machineFiles(machine({}), describeKey)));
});

test('a boot soon goes on without disks, and without what holds their keys, but not where another limit is said', () => {
  const defined = machine({
    mounts: {
      '/srv/a': { device: 'LABEL=my disk', encrypted: { keyFile: '/k', keyDevice: 'LABEL=stick' } },
      '/srv/b': { device: 'LABEL=b', options: ['x-systemd.device-timeout=5s'] },
      '/srv/c': { device: 'LABEL=c', required: true },
      '/srv/d': { device: 'LABEL=c', options: ['subvol=d'] },
    },
  });
  const files = diskFiles(defined);
  assert.equal(
    files['/usr/lib/mkma/disks/wait.list'],
    'dev-disk-by\\x2dlabel-my\\x5cx20disk.device /dev/disk/by-label/my\\x20disk\ndev-disk-by\\x2dlabel-stick.device /dev/disk/by-label/stick\n',
  );
  const link = '/etc/systemd/system/sysinit.target.wants/mkma-disks-wait.service';
  assert.ok(link in diskLinks(defined, []) && '/etc/systemd/system/mkma-disks-wait.service' in files);
  const fixed = machine({ mounts: { '/srv/c': { device: 'LABEL=c', required: true } } });
  assert.ok(!(link in diskLinks(fixed, [])));
});

test('disks bring what checks and unlocks them, and say which one needs it', () => {
  const needed = (fields: MachineInput): string[] =>
    neededPackages(machine(fields))
      .filter(({ by }) => by[0] === 'mounts' || by[0] === 'swap')
      .map(({ name, by }) => `${by.join('.')}: ${name}`);
  assert.deepEqual(
    needed({
      mounts: { '/a': { device: 'LABEL=a', type: 'btrfs' }, '/b': { device: 'LABEL=b', type: 'ntfs3' } },
      swap: [{ device: 'PARTUUID=ab-01', encrypted: 'random' }],
    }),
    ['mounts./a: btrfs-progs', 'swap.0: systemd-cryptsetup', 'swap.0: cryptsetup-bin'],
  );
  assert.ok(
    needed({ mounts: { '/a': { device: 'LABEL=a', encrypted: { tpm2: true } } } }).includes(
      'mounts./a: libtss2-tcti-device0',
    ),
  );
  assert.deepEqual(needed({ swap: [{ device: 'LABEL=s' }] }), []);
});
