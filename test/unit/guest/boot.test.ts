import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BootRecord } from '../../../src/core/boot/record.js';
import { decodeName } from '../../../src/core/text/path.js';
import { bootMachine } from '../../../src/guest/init/boot.js';
import { imageFile } from '../core/sample.js';
import type { FakeMachine } from './fake-machine.js';
import { answer, failing, goodMachine, MANIFEST } from './good-machine.js';

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

test('segments: the largest first, each from its place in the file, a trailer after all but the last, the folders once more at the end', () => {
  const machine = goodMachine();
  bootMachine(machine);
  const parts = machine.started.map((pipeline) => pipeline.parts.map((argv) => argv.join(' ')));
  assert.deepEqual(
    parts.map(([dd]) => /skip=\d+ count=\d+/.exec(dd ?? '')?.[0]),
    ['skip=56 count=60', 'skip=116 count=50', 'skip=16 count=40', 'skip=16 count=40'],
  );
  assert.deepEqual(
    machine.started.map(({ followedBy }) => followedBy && decodeName(followedBy).slice(-14)),
    ['TRAILER!!!\0\0\0\0', undefined, 'TRAILER!!!\0\0\0\0', 'TRAILER!!!\0\0\0\0'],
  );
});

test('what was mounted is taken back after a failure, so that it can be tried again', () => {
  const machine = goodMachine('init=/none');
  failing(machine, 'handover', /init=\/none/, /no such file in the base/);
  assert.deepEqual(mounts(machine).slice(-2), ['umount /newroot/overlay', 'umount /newroot']);
  const early = goodMachine('mkma_size=100M');
  early.answer = (argv, fake) =>
    argv.join(' ').startsWith('stat -f') ? { stdout: '4096 25600 25600 1000\n' } : answer(argv, fake);
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
    [0, /no inodes are left.*\n.*next: give the machine more RAM/],
  ] as const) {
    const machine = goodMachine('', new Uint8Array(5000));
    machine.partAnswer = (argv) =>
      argv[0] === 'sh' ? { code: 2, stderr: 'cpio: x: No space left on device' } : undefined;
    machine.answer = (argv, fake) =>
      argv.join(' ').startsWith('stat -f') ? { stdout: `4096 250000 250000 ${free}\n` } : answer(argv, fake);
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
  failing(machine, 'load', /100 MiB of RAM are available, 233 MiB too few/);
});

test('another kernel is refused, naming both, whether base or initramfs is the odd one', () => {
  const base = goodMachine('', imageFile({ ...MANIFEST, kernelRelease: '5.10.0' }));
  failing(base, 'load', /running kernel: 6\.12\.1-amd64; the base has modules for: 5\.10\.0/);
  const initramfs = goodMachine();
  initramfs.files.set('/proc/sys/kernel/osrelease', { content: '6.1.0\n' });
  failing(initramfs, 'mount', /running kernel: 6\.1\.0; the initramfs has modules for: 6\.12\.1-amd64/);
});

test('a part of a pipeline that fails, or only complains, fails the boot', () => {
  for (const [program, result] of [
    ['dd', { code: 1, stderr: 'dd: cannot read all' }],
    ['bsdtar', { code: 1, stderr: 'checksum' }],
    ['bsdtar', { code: 0, stderr: 'cannot make a link' }],
  ] as const) {
    const machine = goodMachine();
    machine.partAnswer = (argv, pipeline) =>
      argv.includes(program) && pipeline === machine.started[1] ? result : undefined;
    const where = program === 'dd' ? /cannot read the storage device/ : /segment 3 of 3/;
    failing(machine, 'load', where, new RegExp(`${program} \\(exit code ${result.code}\\)`));
    assert.equal(machine.started.length, 2, 'no further segment is started');
  }
});

test('a medium that fails is not taken for a damaged image', () => {
  const machine = goodMachine();
  machine.partAnswer = (argv, pipeline) => {
    if (pipeline !== machine.started[1]) return undefined;
    if (argv.includes('dd')) return { code: 1, stderr: 'dd: /storage/img/base.cpio.zst: Input/output error' };
    return { code: 1, stderr: 'unexpected end' };
  };
  failing(machine, 'load', /cannot read the storage device: \/img\/base/, /why: dd .*Input\/output error/);
});

test('a program that was killed, or is not there, is not the fault of the image', () => {
  for (const [code, what, next] of [
    [137, /cannot unpack the image/, /next: it was killed, probably because RAM ran out/],
    [127, /cannot run /, /next: the initramfs is incomplete/],
  ] as const) {
    const machine = goodMachine();
    machine.partAnswer = (argv) => (argv.includes('bsdtar') ? { code, stderr: '' } : undefined);
    failing(machine, 'load', what, next);
  }
});

test('inodes that are used up while segments are unpacked are told as that', () => {
  const machine = goodMachine();
  machine.partAnswer = (argv) =>
    argv.includes('bsdtar') ? { code: 1, stderr: "d: Failed to create dir 'd': No such file" } : undefined;
  machine.answer = (argv, fake) =>
    argv.join(' ').startsWith('stat -f')
      ? { stdout: `4096 250000 250000 ${fake.started.length > 0 ? 0 : 1000}\n` }
      : answer(argv, fake);
  failing(machine, 'load', /the RAM file system is full/, /next: give the machine more RAM/);
});

test('a base that fits and leaves no room to run in is refused', () => {
  const machine = goodMachine();
  machine.answer = (argv, fake) =>
    argv.join(' ').startsWith('stat -f') ? { stdout: '4096 250000 78000 1000\n' } : answer(argv, fake);
  failing(machine, 'load', /does not fit/, /5 MiB would be left of .*, but the running system needs 32 MiB/);
});

test('where the first device of a name, a virtual one, holds no base, all others are looked at', () => {
  const machine = goodMachine();
  machine.files.set('/proc/cmdline', { content: 'mkma_storage_device=LABEL=images mkma_images_path=/img\n' });
  const base = machine.files.get('/storage/img/base.cpio.zst');
  machine.files.delete('/storage/img/base.cpio.zst');
  const before = machine.answer;
  let driven = false;
  machine.files.set('/sys/bus', { kind: 'directory' });
  for (const path of ['/sys/bus/pci', '/sys/bus/pci/devices', '/sys/bus/pci/devices/0'])
    machine.files.set(path, { kind: 'directory' });
  machine.files.set('/sys/bus/pci/devices/0/uevent', { content: 'MODALIAS=pci:v00008086d1\n' });
  machine.answer = (argv, fake) => {
    if (argv[0] === 'modprobe') driven = true;
    const disk = (node: string): string => `DEVNAME=/dev/${node}\nLABEL=images\nTYPE=ext4\n`;
    if (argv[0] === 'blkid') return { stdout: disk('vda') + (driven ? `\n${disk('nvme0n1')}` : '') };
    if (argv[0] === 'mount' && argv.includes('/dev/nvme0n1') && base !== undefined)
      machine.files.set('/storage/img/base.cpio.zst', base);
    if (argv.join(' ') === 'umount /storage') machine.files.delete('/storage/img/base.cpio.zst');
    return before(argv, fake);
  };
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  assert.match(machine.lines.join('\n'), /using \/dev\/nvme0n1: the only one that contains the base/);
});

test('what decompressing takes counts, on each processor', () => {
  const told = (window: number): FakeMachine => goodMachine('', imageFile({ ...MANIFEST, window }));
  // Of 1900 MB 300 MiB are for the content.
  assert.equal(bootMachine(told(2 ** 26)), true);
  failing(told(2 ** 30), 'load', /does not fit/, /MiB too few to run it as well/);
});

test('a base whose mount point is a link, or a file, is refused', () => {
  for (const [entry, words] of [
    [{ link: '/var/run' }, /why: \/run is a link to \/var\/run, not a folder/],
    [{ content: '' }, /why: \/run is a file, not a folder/],
  ] as const) {
    const machine = goodMachine();
    machine.files.set('/ram/view/base/run', entry);
    failing(machine, 'load', /the image has no mount point \/run/, words);
  }
});

test('files that vanish silently are noticed', () => {
  const machine = goodMachine();
  machine.answer = (argv, fake) =>
    argv.join(' ').startsWith('stat -f')
      ? { stdout: `4096 250000 250000 ${fake.started.length >= 3 ? 989 : 1000}\n` }
      : answer(argv, fake);
  failing(machine, 'load', /lists 12 files, but 11 were unpacked/);
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
  failing(machine, 'layers', /cannot unmount the storage device: \/storage/, /busy/);
});

test('a wrong path names the nearest folder that is there and what is in it', () => {
  const machine = goodMachine('mkma_images_path=/img/deep/er');
  failing(
    machine,
    'mount',
    /mkma_images_path=\/img\/deep\/er/,
    /\/img on the device contains: base\.cpio\.zst/,
  );
});

test('mkma_break opens a shell before its phase, then goes on', () => {
  const machine = goodMachine('mkma_break=layers');
  assert.equal(bootMachine(machine), true);
  assert.equal(machine.shells, 1);
});

test('a bug is told as one, with the phase, and everything is taken back', () => {
  const machine = goodMachine();
  machine.answer = (argv, fake) =>
    argv[0] === 'touch' ? { stdout: '', ...{ code: 1 } } : answer(argv, fake);
  failing(machine, 'layers', /a bug in mkma/, /touch -r/);
  assert.equal(mounts(machine).at(-1), 'umount /ram');
});

test('a program that is not there is told as that, and not as what it was to find out', () => {
  for (const [program, phase] of [
    ['blkid', 'mount'],
    ['modprobe', 'mount'],
    ['mount', 'mount'],
    ['chown', 'load'],
  ] as const) {
    const machine = goodMachine();
    machine.files.set('/mkma/modules', { content: 'ext4\n' });
    const before = machine.answer;
    machine.answer = (argv, fake) => (argv[0] === program ? { code: 127 } : before(argv, fake));
    failing(
      machine,
      phase,
      new RegExp(`cannot run ${program} \\[program-missing\\]$`, 'm'),
      /next: the initramfs is incomplete/,
    );
  }
  // Nor is one that fails for a reason of its own.
  const failed = goodMachine();
  failed.answer = (argv, fake) =>
    argv[0] === 'blkid' ? { code: 4, stderr: 'blkid: usage' } : answer(argv, fake);
  failing(failed, 'mount', /blkid failed/, /why: exit code 4: blkid: usage/);
});

test('systemd is told to leave the view mounted at a soft reboot, and no other init is', () => {
  const drop = '/run/systemd/system/overlay.mount.d/mkma.conf';
  const machine = goodMachine();
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  assert.equal(machine.readText(drop), '[Unit]\nDefaultDependencies=no\n');
  assert.equal(machine.readText(drop.replace('overlay.', 'overlay-.')), machine.readText(drop));
  const other = goodMachine('init=/bin/sh');
  other.files.set('/newroot/bin/sh', { mode: 0o755, content: 'ELF' });
  assert.equal(bootMachine(other), true, other.lines.join('\n'));
  // What is there is how programs see that systemd runs (sd_booted(3)).
  assert.ok(!other.files.has('/run/systemd/system'));
});
