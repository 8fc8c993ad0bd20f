import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BootRecord } from '../../../src/core/boot.js';
import { concatBytes } from '../../../src/core/bytes.js';
import { encodeManifest, encodeSeekTable, type Manifest } from '../../../src/core/image.js';
import { renderInitramfsManifest } from '../../../src/core/initramfs.js';
import { bootMachine } from '../../../src/guest/init/boot.js';
import { FakeMachine } from './fake-machine.js';

const RELEASE = '6.12.1-amd64';
const SEGMENTS = [
  { size: 40, bytes: 400, frames: 1, records: 3, sha256: 'a'.repeat(64) },
  { size: 60, bytes: 900, frames: 1, records: 4, sha256: 'b'.repeat(64) },
  { size: 50, bytes: 800, frames: 1, records: 5, sha256: 'c'.repeat(64) },
];

const MANIFEST: Manifest = {
  format: 1,
  kind: 'base',
  id: `sha256:${'d'.repeat(64)}`,
  name: 'box',
  created: '2026-01-01T00:00:00Z',
  mkma: '0.1.0',
  suite: 'trixie',
  architecture: 'amd64',
  kernelRelease: RELEASE,
  unpackedBytes: 300 * 2 ** 20,
  root: { mode: 0o755, uid: 0, gid: 0 },
  inodes: 12,
  segments: SEGMENTS,
};

function image(manifest: Manifest): Uint8Array {
  const frame = encodeManifest(manifest);
  const entries = [
    ...manifest.segments.map(({ size, bytes }) => ({ size, bytes })),
    { size: frame.length, bytes: 0 },
  ];
  const payload = manifest.segments.map((segment) => new Uint8Array(segment.size));
  return concatBytes([...payload, frame, encodeSeekTable(entries)]);
}

/** A machine on which a boot succeeds. */
function goodMachine(cmdline = '', base = image(MANIFEST)): FakeMachine {
  const machine = new FakeMachine();
  const put = (path: string, content: string | Uint8Array): void => void machine.files.set(path, { content });
  put('/proc/cmdline', `mkma_storage_device=/dev/vda mkma_images_path=/img ${cmdline}\n`);
  put('/proc/sys/kernel/osrelease', `${RELEASE}\n`);
  put('/proc/meminfo', 'MemTotal: 2000000 kB\nMemAvailable: 1900000 kB\n');
  const versions = { mkma: '0.1.0', suite: 'trixie', architecture: 'amd64' };
  put('/mkma/manifest.json', renderInitramfsManifest({ ...versions, kernelRelease: RELEASE }));
  machine.files.set('/storage/img', { kind: 'directory' });
  put('/storage/img/base.cpio.zst', base);
  machine.files.set('/newroot/sbin', { link: 'usr/sbin' });
  machine.files.set('/newroot/usr/sbin/init', { link: '/lib/systemd/systemd' });
  machine.files.set('/newroot/lib', { link: 'usr/lib' });
  machine.files.set('/newroot/usr/lib/systemd/systemd', { mode: 0o755, content: 'ELF' });
  machine.answer = (argv) => answer(argv, machine);
  return machine;
}

/** The tmpfs counts 12 inodes more after the three segments: one for every name. */
function answer(argv: readonly string[], machine: FakeMachine): { stdout: string } | undefined {
  const text = argv.join(' ');
  if (argv[0] === 'blkid') return { stdout: 'DEVNAME=/dev/vda\nTYPE=ext4\n' };
  if (argv[0] === 'nproc') return { stdout: '2\n' };
  if (text.startsWith('stat -f'))
    return { stdout: `4096 250000 ${machine.started.length >= 3 ? 988 : 1000}\n` };
  if (text.startsWith('stat -c')) return { stdout: '755 0:0\n' };
  return undefined;
}

/** Commands that mount and unmount, in order, options left out. */
function mounts(machine: FakeMachine): string[] {
  return machine.calls
    .filter((call) => /^u?mount /.test(call))
    .map((call) => call.replace(/ -o (?!move)\S+/, ''));
}

test('a good boot goes through all phases and leaves a record and a note for the stub', () => {
  const machine = goodMachine();
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  assert.equal(machine.readText('/mkma/handover'), '/newroot\n/sbin/init\n');
  assert.deepEqual(mounts(machine), [
    'mount -t ext4 /dev/vda /storage',
    'mount -t tmpfs mkma /ram',
    'umount /storage',
    'mount -t overlay mkma /newroot',
    'mount /ram/view /newroot/overlay',
    'mount /newroot/overlay',
    'umount /ram',
    'mount -o move /dev /newroot/dev',
    'mount -o move /sys /newroot/sys',
    'mount -o move /run /newroot/run',
    'mount -o move /proc /newroot/proc',
  ]);
  const record = JSON.parse(machine.readText('/run/mkma/boot.json') ?? '') as BootRecord;
  assert.deepEqual(
    record.phases.map((phase) => phase.phase),
    ['mount', 'load', 'layers'],
  );
  assert.deepEqual(record.storage, { asked: '/dev/vda', device: '/dev/vda', type: 'ext4', path: '/img' });
  assert.equal(record.images[0]?.id, MANIFEST.id);
  assert.equal(record.images[0]?.verified, true);
});

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
    'mkma: mkma_storage_device=LABEL=stick fits 3 file systems:',
    'mkma:   /dev/sda1: TYPE=ext4 LABEL=stick UUID=12-34, without /img/base.cpio.zst',
    'mkma:   /dev/sdb1: TYPE=ext4 LABEL=stick UUID=12-34, with /img/base.cpio.zst',
    'mkma:   /dev/sdc1: TYPE=ext4 LABEL=stick UUID=12-34, without /img/base.cpio.zst',
    'mkma: taking /dev/sdb1: the only one that holds the base',
  ]);
  const { storage } = JSON.parse(machine.readText('/run/mkma/boot.json') ?? '') as BootRecord;
  assert.deepEqual([storage.device, storage.others], ['/dev/sdb1', ['/dev/sda1', '/dev/sdc1']]);
  const looks = machine.calls.filter((call) => call.startsWith('mount -t ext4')).slice(0, 3);
  for (const look of looks) assert.match(look, /noload/, 'no journal is replayed to look');
});

test('where several hold the base the first is taken, and how to take another is said', () => {
  const machine = clonedMachine(['/dev/sdb1', '/dev/sdc1']);
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  assert.ok(machine.lines.includes('mkma: taking /dev/sdb1: the first that holds a base'));
  assert.match(machine.lines.join('\n'), /to take another, .* mkma_storage_device: PARTUUID=/);
});

test('where none holds the base the boot fails on the first, with all of them told', () => {
  failing(
    clonedMachine([]),
    'mount',
    /taking \/dev\/sda1: the first, since none/,
    /there is no base\.cpio\.zst/,
  );
});

test('what cannot be mounted is not taken for a copy; a btrfs on several devices is one file system', () => {
  const locked = clonedMachine(['/dev/sdb1'], ['crypto_LUKS', 'ext4']);
  assert.equal(bootMachine(locked), true, locked.lines.join('\n'));
  assert.ok(locked.lines.includes('mkma: taking /dev/sdb1: the only one that holds the base'));
  const btrfs = clonedMachine(['/dev/sda1'], ['btrfs', 'btrfs']);
  assert.equal(bootMachine(btrfs), true, btrfs.lines.join('\n'));
  assert.match(btrfs.lines[0] ?? '', /^mkma: found \/img\/base\.cpio\.zst on \/dev\/sda1 \(btrfs\)/);
  const mixed = clonedMachine(['/dev/sdc1'], ['ext4', 'btrfs', 'ext4']);
  assert.equal(bootMachine(mixed), true, mixed.lines.join('\n'));
  assert.ok(mixed.lines.includes('mkma: taking /dev/sdc1: the only one that holds the base'));
});

test('segments: each from its place in the file, a trailer after all but the last, folders first', () => {
  const machine = goodMachine();
  bootMachine(machine);
  const parts = machine.started.map((pipeline) => pipeline.parts.map((argv) => argv.join(' ')));
  assert.deepEqual(
    parts.map(([dd]) => /skip=\d+ count=\d+/.exec(dd ?? '')?.[0]),
    ['skip=0 count=40', 'skip=40 count=60', 'skip=100 count=50'],
  );
  assert.deepEqual(
    parts.map(([, zstd]) => zstd?.endsWith('/mkma/trailer.zst')),
    [true, true, false],
  );
});

/** A boot that has to fail: the phase it names, and lines that it has to print. */
function failing(machine: FakeMachine, phase: string, ...patterns: RegExp[]): void {
  assert.equal(bootMachine(machine), false);
  const text = machine.lines.join('\n');
  assert.ok(machine.lines.includes(`mkma: BOOT FAILED in phase ${phase}`), text);
  for (const pattern of patterns) assert.match(text, pattern);
  for (const line of machine.lines) assert.ok(line.startsWith('mkma:'), line);
}

test('what was mounted is taken back after a failure, so that it can be tried again', () => {
  const machine = goodMachine('init=/none');
  failing(machine, 'handover', /init=\/none/, /not in the base/);
  assert.deepEqual(mounts(machine).slice(-2), ['umount /newroot/overlay', 'umount /newroot']);
  const early = goodMachine('mkma_size=100M');
  early.answer = (argv, fake) =>
    argv.join(' ').startsWith('stat -f') ? { stdout: '4096 25600 1000\n' } : answer(argv, fake);
  failing(early, 'load', /takes 300 MiB; the RAM file system has 100 MiB/, /next: raise mkma_size/);
  assert.deepEqual(mounts(early).slice(-2), ['umount /ram', 'umount /storage']);
});

test('the RAM file system has inodes for every name of the base, and as many as usual for the running system', () => {
  const machine = goodMachine();
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  const mount = machine.calls.find((call) => call.startsWith('mount -t tmpfs')) ?? '';
  // 2000000 kB of RAM are 500000 pages.
  assert.match(mount, /size=1000000k,nr_inodes=250012 /);
  const plain = goodMachine('', new Uint8Array(5000));
  plain.answer = (argv, fake) => (argv[0] === 'du' ? { stdout: '2048\t/x\n' } : answer(argv, fake));
  assert.equal(bootMachine(plain), true, plain.lines.join('\n'));
  assert.ok(plain.calls.some((call) => /^mount -t tmpfs.*,nr_inodes=250000 /.test(call)));
});

test('an archive without a manifest that fills the RAM file system: by bytes, or by its number of files', () => {
  for (const [free, advice] of [
    [500, /next: raise mkma_size/],
    [0, /the inodes are used up.*\n.*next: give the machine more RAM/],
  ] as const) {
    const machine = goodMachine('', new Uint8Array(5000));
    machine.partAnswer = (argv) =>
      argv[0] === 'sh' ? { code: 2, stderr: 'cpio: x: No space left on device' } : undefined;
    machine.answer = (argv, fake) =>
      argv.join(' ').startsWith('stat -f') ? { stdout: `4096 250000 ${free}\n` } : answer(argv, fake);
    failing(machine, 'load', /does not fit/, /No space left/, advice);
  }
});

test('an init that is not executable is refused', () => {
  const machine = goodMachine();
  machine.files.set('/newroot/usr/lib/systemd/systemd', { mode: 0o644, content: 'ELF' });
  failing(machine, 'handover', /init=\/sbin\/init/, /not executable/);
});

test('a machine with too little free RAM is told how much is missing', () => {
  const machine = goodMachine();
  machine.files.set('/proc/meminfo', { content: 'MemTotal: 2000000 kB\nMemAvailable: 102400 kB\n' });
  failing(machine, 'load', /100 MiB of RAM are free, 233 MiB too few/);
});

test('another kernel is refused, naming both, whether base or initramfs is the odd one', () => {
  const base = goodMachine('', image({ ...MANIFEST, kernelRelease: '5.10.0' }));
  failing(base, 'load', /running kernel: 6\.12\.1-amd64; the base has modules for: 5\.10\.0/);
  const initramfs = goodMachine();
  initramfs.files.set('/proc/sys/kernel/osrelease', { content: '6.1.0\n' });
  failing(initramfs, 'mount', /running kernel: 6\.1\.0; the initramfs has modules for: 6\.12\.1-amd64/);
});

test('a part of a pipeline that fails, or only complains, fails the boot', () => {
  for (const [program, result] of [
    ['dd', { code: 1, stderr: 'I/O error' }],
    ['zstd', { code: 1, stderr: 'checksum' }],
    ['cpio', { code: 0, stderr: 'cannot make a link' }],
  ] as const) {
    const machine = goodMachine();
    machine.partAnswer = (argv, pipeline) =>
      argv[0] === program && pipeline === machine.started[1] ? result : undefined;
    failing(machine, 'load', /segment 2 of 3/, new RegExp(`${program} \\(exit code ${result.code}\\)`));
    assert.equal(machine.started.length, 2, 'no further segment is started');
  }
});

test('files that vanish silently are noticed', () => {
  const machine = goodMachine();
  machine.answer = (argv, fake) =>
    argv.join(' ').startsWith('stat -f')
      ? { stdout: `4096 250000 ${fake.started.length >= 3 ? 989 : 1000}\n` }
      : answer(argv, fake);
  failing(machine, 'load', /counts 12 files, 11 are there/);
});

test('an archive without a manifest is loaded as one stream and called unverified', () => {
  const machine = goodMachine('', new Uint8Array(5000));
  machine.answer = (argv, fake) => (argv[0] === 'du' ? { stdout: '2048\t/x\n' } : answer(argv, fake));
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  assert.match(machine.lines.join('\n'), /loaded 2\.00 MiB .*unverified/);
  assert.equal(machine.started.length, 1);
});

test('an archive without a manifest whose modules are of another kernel is refused', () => {
  const machine = goodMachine('', new Uint8Array(5000));
  machine.files.set('/ram/view/base/usr/lib/modules', { kind: 'directory' });
  machine.files.set('/ram/view/base/usr/lib/modules/5.10.0', { kind: 'directory' });
  failing(machine, 'load', /the base has modules for: 5\.10\.0/);
});

test('storage that stays busy is a failure', () => {
  const machine = goodMachine();
  machine.answer = (argv, fake) =>
    argv.join(' ') === 'umount /storage'
      ? { code: 1, stderr: 'Device or resource busy' }
      : answer(argv, fake);
  failing(machine, 'load', /cannot release the storage device: \/storage/, /busy/);
});

test('a wrong path names the nearest folder that is there and what is in it', () => {
  const machine = goodMachine('mkma_images_path=/img/deep/er');
  failing(
    machine,
    'mount',
    /mkma_images_path=\/img\/deep\/er/,
    /in \/img on the device lies: base\.cpio\.zst/,
  );
});

test('mkma_break opens a shell before its phase, then goes on', () => {
  const machine = goodMachine('mkma_break=layers');
  assert.equal(bootMachine(machine), true);
  assert.equal(machine.shells, 1);
});

test('layers that lie beside the base are named as not applied', () => {
  const machine = goodMachine();
  machine.files.set('/storage/img/persistence.20260101_000000.cpio.zst', { content: '' });
  assert.equal(bootMachine(machine), true);
  assert.match(machine.lines.join('\n'), /not applied.*persistence\.20260101_000000/);
});

test('a bug is told as one, with the phase, and everything is taken back', () => {
  const machine = goodMachine();
  machine.answer = (argv, fake) =>
    argv[0] === 'touch' ? { stdout: '', ...{ code: 1 } } : answer(argv, fake);
  failing(machine, 'layers', /a fault of mkma itself/, /touch -r/);
  assert.equal(mounts(machine).at(-1), 'umount /ram');
});
