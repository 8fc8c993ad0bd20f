/** A base that is a file system: copied, checked and mounted, and what is said where that fails. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderInitramfsManifest } from '../../../src/core/boot/initramfs.js';
import type { BootRecord } from '../../../src/core/boot/record.js';
import type { Manifest } from '../../../src/core/image/manifest.js';
import { bootMachine } from '../../../src/guest/init/boot.js';
import { erofsFile, imageFile } from '../core/sample.js';
import type { Answer, FakeMachine } from './fake-machine.js';
import { answer, failing, goodMachine, MANIFEST } from './good-machine.js';

const SIZE = 64 * 2 ** 20 + 4096;
const SUM = '00112233445566ff';
const EROFS: Manifest = {
  ...MANIFEST,
  kind: 'base',
  needs: ['erofs'],
  unpackedBytes: SIZE,
  segments: [{ size: SIZE, bytes: SIZE, frames: 0, records: 12, sha256: 'a'.repeat(64) }],
  erofs: { xxh64: SUM },
};
const FILE = '/mkma/held/image.erofs';
const IMAGE = erofsFile(EROFS);

/** The machine with a base of that form; `answers` come before what a good machine answers. */
function machineWith(
  answers: (argv: readonly string[], machine: FakeMachine) => Answer | undefined = () => undefined,
  image: Uint8Array = IMAGE,
): FakeMachine {
  const machine = goodMachine();
  machine.files.delete('/storage/img/base.cpio.zst');
  machine.files.set('/storage/img/base.erofs', { content: image });
  machine.answer = (argv, fake) => {
    const own = answers(argv, fake);
    if (own !== undefined) return own;
    if (argv[0] === 'xxhsum') return { stdout: `${SUM}  ${FILE}\n` };
    return answer(argv, fake);
  };
  machine.partAnswer = (argv) => {
    machine.calls.push(argv.join(' '));
    const own = answers(argv, machine);
    if (own === undefined) machine.files.set(FILE, { content: new Uint8Array(SIZE) });
    return own;
  };
  return machine;
}

function calls(machine: FakeMachine, pattern: RegExp): string[] {
  return machine.calls.filter((call) => pattern.test(call));
}

/** The ranges of the image that were copied, in blocks and bytes. */
function ranges(machine: FakeMachine): (string | undefined)[] {
  return calls(machine, /^dd /).map((call) => /skip=\d+ seek=\d+ count=\d+/.exec(call)?.[0]);
}

test('it is copied past the page cache, checked, and mounted from the file; the RAM file system gives way', () => {
  const machine = machineWith();
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  const copies = calls(machine, /^dd /);
  assert.ok(copies.every((call) => call.includes('direct')));
  assert.deepEqual(
    calls(machine, /mount /).filter((call) => /held|view\/base|overlay\/base|remount,size/.test(call)),
    [
      'mount -t ramfs -o mode=0700 mkma /mkma/held',
      `/usr/lib/klibc/bin/mount -t erofs -o ro,nosuid,nodev ${FILE} /ram/view/base`,
      'umount -l /mkma/held',
      `mount -o remount,size=${(250000 * 4096 - SIZE) / 1024}k /ram`,
      'mount -o move /ram/view/base /newroot/overlay/base',
    ],
  );
  assert.match(calls(machine, /^mount -t overlay/)[0] ?? '', /,xino=on mkma/);
  assert.deepEqual(calls(machine, /^mkdir .*view\/base\//), [], 'nothing can be made in it');
  const record = JSON.parse(machine.readText('/run/mkma/boot.json') ?? '') as BootRecord;
  const [base] = record.images;
  assert.deepEqual(
    [base?.format, base?.verified, base?.unpackedBytes, base?.inodes, base?.checkSeconds],
    ['erofs', true, SIZE, 0, 0],
  );
});

/** A machine on which each copying program takes so many seconds, and which has these processors. */
function machineCopyingIn(seconds: number, list: string): FakeMachine {
  const machine = machineWith((argv, fake) => {
    if (argv[0] === 'dd') fake.clock += seconds;
    return undefined;
  });
  machine.files.set('/proc/self/status', { content: `Cpus_allowed_list:\t${list}\n` });
  return machine;
}

test('how it is copied goes by how fast the first part came', () => {
  const MIB = 2 ** 20;
  const all = 64 * MIB + 4096;
  // 5 MiB in 0.01 s is more than any disk with heads gives; in 0.03 s it is not, though all is there within a second.
  for (const [seconds, processors, from] of [
    [0.01, '0', [5]],
    [0.01, '0-1', [5, 35]],
    [0.01, '0-2', [5, 25, 45]],
    [0.01, '0-15', [5, 25, 45]],
    [0.03, '0-1', [5]],
    [0.6, '0-1', [5, 22, 39, 56]],
  ] as const) {
    const machine = machineCopyingIn(seconds, processors);
    assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
    const starts = [0, ...from];
    const expected = starts.map((at, i) => {
      const end = (starts[i + 1] ?? Number.POSITIVE_INFINITY) * MIB;
      return `skip=${at} seek=${at} count=${Math.min(end, all) - at * MIB}`;
    });
    assert.deepEqual(ranges(machine), expected, `${seconds} s, ${processors}`);
  }
});

test('what takes longer is told once a second has passed', () => {
  const machine = machineCopyingIn(0.6, '0-1');
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  const told = machine.lines.filter((line) => line.includes(' %, '));
  assert.deepEqual(
    told.map((line) => /\d+ %/.exec(line)?.[0]),
    ['34 %', '60 %', '87 %'],
  );
});

test('copies side by side that failed are made anew through the page cache, all of them', () => {
  let copies = 0;
  const machine = machineWith((argv) =>
    argv[0] === 'dd' && ++copies === 3 ? { code: 1, stderr: 'dd: Invalid argument' } : undefined,
  );
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  assert.deepEqual(
    calls(machine, /^dd /).map((call) => call.includes('direct')),
    [true, true, true, false, false],
  );
});

test('where the medium cannot be read past the page cache it is read through it', () => {
  const machine = machineWith((argv) =>
    argv[0] === 'dd' && argv.join(' ').includes('direct')
      ? { code: 1, stderr: 'dd: Invalid argument' }
      : undefined,
  );
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  // Tried once only.
  assert.deepEqual(
    calls(machine, /^dd /).map((call) => call.includes('direct')),
    [true, false, false, false],
  );
});

test('where the kernel cannot mount a file itself a loop device comes in between', () => {
  const machine = machineWith((argv) => (argv[0]?.includes('klibc') ? { code: 1 } : undefined));
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  assert.equal(calls(machine, /^mount -t erofs/).length, 1);
});

test('what is said where it cannot be read, is damaged, too large, killed for want of RAM, or cannot be mounted', () => {
  const unread = machineWith((argv) =>
    argv[0] === 'dd' ? { code: 1, stderr: 'dd: Input/output error' } : undefined,
  );
  failing(unread, 'load', /cannot read the storage device: \/img\/base\.erofs/, /why: .*Input\/output error/);
  const short = machineWith((argv) => (argv[0] === 'dd' ? {} : undefined));
  failing(short, 'load', /why: fewer bytes were read than the file has/);
  const shorter = machineWith((argv, machine) => {
    if (argv[0] !== 'dd') return undefined;
    machine.files.set(FILE, { content: new Uint8Array(SIZE - 1) });
    return {};
  });
  failing(shorter, 'load', /why: fewer bytes were read than the file has/);
  const damaged = machineWith((argv) =>
    argv[0] === 'xxhsum' ? { stdout: `ff${SUM.slice(2)}  x\n` } : undefined,
  );
  failing(
    damaged,
    'load',
    /the image is damaged: \/img\/base\.erofs/,
    /its XXH64 is ff1122.*, its manifest says 0011/,
  );
  const killed = machineWith((argv) => (argv[0] === 'dd' ? { code: 137 } : undefined));
  failing(
    killed,
    'load',
    /cannot copy the base into RAM/,
    /next: it was killed, probably because RAM ran out/,
  );
  const unchecked = machineWith((argv) => (argv[0] === 'xxhsum' ? { code: 137 } : undefined));
  failing(
    unchecked,
    'load',
    /cannot check the base: \/img\/base\.erofs/,
    /why: xxhsum exited with code 137\n/,
    /next: it was killed, probably because RAM ran out/,
  );
  const missing = machineWith((argv) => (argv[0] === 'xxhsum' ? { code: 127 } : undefined));
  failing(missing, 'load', /cannot run xxhsum/, /next: the initramfs is incomplete: build it again/);
  const failed = machineWith((argv) => (argv[0] === 'xxhsum' ? { code: 1, stderr: 'odd\n' } : undefined));
  failing(failed, 'load', /why: xxhsum exited with code 1: odd\n/, /next: exit to retry/);
  const odd = machineWith((argv) =>
    argv.includes('erofs') ? { code: 255, stderr: 'mount: no such device' } : undefined,
  );
  failing(odd, 'load', /cannot mount the base: \/img\/base\.erofs/, /no such device/, /CONFIG_EROFS_FS/);
  for (const machine of [unread, short, damaged, killed, unchecked, missing, failed, odd]) {
    assert.deepEqual(
      machine.calls.filter((call) => /^umount/.test(call)),
      ['umount -l /mkma/held', 'umount /ram', 'umount /storage'],
    );
  }
  const large = machineWith((argv) =>
    argv.join(' ').startsWith('stat -f') ? { stdout: '4096 10000 10000 1000\n' } : undefined,
  );
  failing(large, 'load', /the base takes 65 MiB; the RAM file system has 40 MiB/);
  assert.deepEqual(calls(large, /^dd /), []);
});

test('a layer that does not fit beside it: what the base takes is told', () => {
  const layer: Manifest = {
    ...MANIFEST,
    ...{ kind: 'layer', unpackedBytes: 2000 * 2 ** 20, layer: { deletions: [], opaque: [] } },
  };
  const machine = machineWith((argv, { calls: made }) => {
    const shrunk = made.some((call) => call.includes('remount,size='));
    return argv.join(' ').startsWith('stat -f') && shrunk
      ? { stdout: '4096 233615 200000 1000\n' }
      : undefined;
  });
  machine.files.set('/storage/img/persistence.a.cpio.zst', { content: imageFile(layer) });
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  const told =
    'the layer takes 2000 MiB; the RAM file system has 913 MiB (50% of 1954 MiB RAM, less 65 MiB for file systems beside it), ' +
    '782 MiB of it free';
  assert.ok(
    machine.lines.some((line) => line.endsWith(`why: ${told}`)),
    machine.lines.join('\n'),
  );
});

/** The same machine with `xino: false` in its definition. */
function withPlainNumbers(machine: FakeMachine): FakeMachine {
  const manifest = JSON.parse(machine.readText('/mkma/manifest.json') ?? '');
  machine.files.set('/mkma/manifest.json', {
    content: renderInitramfsManifest({ ...manifest, xino: false }),
  });
  return machine;
}

test('one device number: as the definition says, and not where the kernel refuses it', () => {
  const plain = withPlainNumbers(machineWith());
  assert.equal(bootMachine(plain), true, plain.lines.join('\n'));
  assert.match(calls(plain, /^mount -t overlay/).join('\n'), /^[^\n]*,xino=off mkma[^\n]*$/);
  // An archive and all on it lie on one file system: the kernel needs no such option, and calls it useless.
  for (const machine of [goodMachine(), withPlainNumbers(goodMachine())]) {
    assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
    assert.doesNotMatch(calls(machine, /^mount -t overlay/).join('\n'), /xino/);
  }
  const old = machineWith((argv) =>
    argv.join(' ').includes('xino=') ? { code: 255, stderr: 'Invalid argument' } : undefined,
  );
  assert.equal(bootMachine(old), true, old.lines.join('\n'));
  const { warnings } = JSON.parse(old.readText('/run/mkma/boot.json') ?? '') as BootRecord;
  assert.deepEqual([warnings.length, /^this kernel refuses xino=on: /.test(warnings[0] ?? '')], [1, true]);
  assert.ok(old.lines.some((line) => line.includes(`warning: ${warnings[0]}`)));
});

test('a later failure takes the mount back, too', () => {
  const machine = machineWith((argv) =>
    argv.join(' ').startsWith('mount -t overlay') ? { code: 1, stderr: 'no overlay' } : undefined,
  );
  failing(machine, 'layers', /cannot mount the overlay/);
  assert.deepEqual(machine.calls.filter((call) => /^umount/.test(call)).slice(-2), [
    'umount /ram/view/base',
    'umount /ram',
  ]);
});

test('one of other tools is loaded unverified: what it needs is known, its kernel is looked at', () => {
  const image = IMAGE.slice().fill(0, 0, 16);
  const machine = machineWith(undefined, image);
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  assert.deepEqual(calls(machine, /^xxhsum/), []);
  assert.ok(machine.lines.some((line) => /loaded 64\.0 MiB .*unverified: it has no manifest/.test(line)));
  const other = machineWith(undefined, image);
  other.files.set('/ram/view/base/usr/lib/modules', { kind: 'directory' });
  other.files.set('/ram/view/base/usr/lib/modules/5.10', { kind: 'directory' });
  failing(other, 'load', /the kernel and the base do not match/, /modules for: 5\.10/);
});

test('of two bases the one made last is taken, and the other one told', () => {
  const older = imageFile({ ...MANIFEST, created: '2025-01-01T00:00:00Z' });
  const machine = machineWith();
  machine.files.set('/storage/img/base.cpio.zst', { content: older });
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  assert.ok(machine.lines.includes('mkma: found /img/base.erofs on /dev/vda (ext4)'));
  const warning = '/img/base.cpio.zst is present too and is not used: an older base; remove it';
  assert.ok(machine.lines.includes(`mkma: warning: ${warning}`), machine.lines.join('\n'));
  const record = JSON.parse(machine.readText('/run/mkma/boot.json') ?? '') as BootRecord;
  assert.deepEqual(record.warnings, [warning]);
});

test('one that is damaged is told as that, not as an older one', () => {
  const machine = machineWith();
  machine.files.set('/storage/img/base.cpio.zst', { content: imageFile(MANIFEST).slice(0, -20) });
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  assert.ok(
    machine.lines.includes(
      'mkma: warning: /img/base.cpio.zst is present too and is not used: the image is damaged ' +
        '(its end is missing: it was truncated, or not copied completely); copy or build it again, or remove it',
    ),
    machine.lines.join('\n'),
  );
});
