import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LeftOut, LoadedImage } from '../../../../src/core/boot/record.js';
import { hiddenByDisks, readDisks } from '../../../../src/guest/mkma/disks.js';
import { BASE, bootedMachine, mkma, RECORD } from './booted.js';

const LAYER: LoadedImage = {
  kind: 'layer',
  layer: '20260201_080000',
  file: '/img/persistence.20260201_080000.cpio.zst',
  verified: false,
  bytes: 2 ** 20,
  unpackedBytes: 3 * 2 ** 20,
  seconds: 0.5,
  warnings: ['made on another base'],
};

const LEFT_OUT: LeftOut[] = [
  { layer: 'asked', file: '/img/persistence.asked.cpio.zst', bytes: 1024, asked: true },
  {
    layer: 'broken',
    file: '/img/persistence.broken.cpio.zst',
    bytes: 2048,
    asked: false,
    problem: {
      code: 'image-damaged',
      what: 'the layer is damaged',
      where: '/img/persistence.broken.cpio.zst',
      next: 'make it again',
    },
  },
];

test('a base alone: what it is, where it came from, the times, the RAM', async () => {
  const { out, err, code } = await mkma(bootedMachine(), ['status']);
  assert.equal(
    out,
    `base       box, made 2026-01-31 12:34 UTC, sha256:0123456789ab, verified
             /img/base.cpio.zst, 150 MiB
             300 MiB in RAM, loaded in 3.0 s, 100 MiB/s
             built 10 s ago
layers     none applied
storage    LABEL=mkma: /dev/vda (ext4)
           folder /img
           released: not mounted
times         1.50 s  kernel, until init started
              0.50 s  mount
              3.25 s  load
              0.05 s  layers
              0.20 s  handover
              5.50 s  in all, until the system itself started
RAM         2.00 GiB  in this machine, 1.00 GiB available
            1.00 GiB  RAM file system, 344 MiB used, 680 MiB free
             300 MiB    base
            40.0 MiB    fresh: changed since boot
            30.0 MiB      /var/cache/apt/archives/a b.deb
            10.0 MiB      /root
next boot  300 MiB of 1.00 GiB for the base
`,
  );
  assert.equal(err, '');
  assert.equal(code, 0);
});

test('layers applied with their warnings, layers left out and why, warnings of the boot', async () => {
  const record = {
    ...RECORD,
    images: [BASE, LAYER],
    leftOut: LEFT_OUT,
    warnings: ['the journal was replayed'],
  };
  const { out } = await mkma(bootedMachine(record), ['status']);
  for (const lines of [
    'layers     20260201_080000, unverified: it has no manifest\n',
    '             /img/persistence.20260201_080000.cpio.zst, 1.00 MiB\n             3.00 MiB in RAM, loaded in 0.5 s, 6.00 MiB/s\n',
    '             warning: made on another base\n',
    'left out   asked, 1.00 KiB: as mkma_layers requests\n',
    '           broken, 2.00 KiB\n             the layer is damaged: /img/persistence.broken.cpio.zst [image-damaged]\n               next: make it again\n',
    '            3.00 MiB    20260201_080000\n',
    'warnings   the journal was replayed\n',
  ]) {
    assert.ok(out.includes(lines), `${lines}is not in\n${out}`);
  }
});

test('a base of another maker is called unverified', async () => {
  const { id, name, created, ...plain } = BASE;
  const record = { ...RECORD, images: [{ ...plain, verified: false }] };
  const { out } = await mkma(bootedMachine(record), ['status']);
  assert.match(out, /^base {7}unverified: it has no manifest\n/);
});

test('a storage device that is mounted again, and another one of the same name, are told', async () => {
  const machine = bootedMachine({ ...RECORD, storage: { ...RECORD.storage, others: ['/dev/vdb'] } });
  const { answer } = machine;
  machine.answer = (argv, m) => (argv[0] === 'findmnt' ? { stdout: '/mnt\n' } : answer(argv, m));
  const { out } = await mkma(machine, ['status']);
  assert.match(out, /others of that name: \/dev\/vdb\n {11}mounted on \/mnt\n/);
});

test('who is not root is told all but what root alone can see', async () => {
  const machine = bootedMachine();
  machine.files.delete('/overlay/fresh');
  const { out, code } = await mkma(machine, ['status']);
  assert.match(out, /300 MiB {4}base\n {11}only root can see the changes since boot\nnext boot /);
  assert.equal(code, 0);
  assert.ok(!machine.calls.some((call) => call.startsWith('du')));
});

test('a narrow terminal gets no line that is wider, unless a single word is', async () => {
  const record = { ...RECORD, images: [BASE, LAYER], leftOut: LEFT_OUT };
  const { out } = await mkma(bootedMachine(record), ['status'], 50);
  const wide = out.split('\n').filter((line) => line.length > 50);
  assert.deepEqual(wide, [`${' '.repeat(13)}/img/persistence.20260201_080000.cpio.zst,`]);
  assert.ok(
    out.includes('base       box, made 2026-01-31 12:34 UTC,\n             sha256:0123456789ab, verified\n'),
  );
});

test('--json is one document with everything', async () => {
  const { out, code } = await mkma(bootedMachine({ ...RECORD, leftOut: LEFT_OUT }), ['status', '--json']);
  const status = JSON.parse(out);
  assert.deepEqual(status.base, BASE);
  assert.deepEqual(status.layers, []);
  assert.deepEqual(status.leftOut, LEFT_OUT);
  assert.deepEqual(status.storage, { ...RECORD.storage, mountedOn: [] });
  assert.deepEqual(status.times, { init: 1.5, phases: RECORD.phases, handover: 5.5 });
  assert.deepEqual(status.memory, {
    fileSystem: { bytes: 2 ** 30, used: 360_710_144, free: 713_031_680 },
    fresh: 40 * 2 ** 20,
    largest: [
      { path: '/var/cache/apt/archives/a b.deb', bytes: 30 * 2 ** 20 },
      { path: '/root', bytes: 10 * 2 ** 20 },
    ],
    total: 2 ** 31,
    available: 2 ** 30,
  });
  const images = [{ name: 'base', unpackedBytes: 300 * 2 ** 20, names: 12_000 }];
  assert.deepEqual(status.nextBoot, { bytes: 300 * 2 ** 20, of: 2 ** 30, fits: true, images });
  assert.equal(code, 0);
});

test('the next boot: what was remembered of the storage, what nobody knows, what does not fit', async () => {
  const machine = bootedMachine({ ...RECORD, images: [BASE, LAYER] });
  assert.match(
    (await mkma(machine, ['status'])).out,
    /\nnext boot {2}303 MiB of 1\.00 GiB for the base and 1 layer\n$/,
  );
  const next = [{ name: 'base', unpackedBytes: 2 ** 30 }, { name: 'a' }, { name: 'b', unpackedBytes: 4096 }];
  machine.files.set('/run/mkma/next-boot.json', { content: JSON.stringify(next) });
  const { out } = await mkma(machine, ['status']);
  assert.ok(
    out.endsWith(`next boot  1.00 GiB of 1.00 GiB for the base and 2 layers
           and a, whose size is unknown until it is loaded
           warning: the images do not fit; see mkma_size and mkma layers
`),
    out,
  );
});

const DISKS = JSON.stringify([
  { point: '/home', device: 'UUID=1', node: '/dev/disk/by-uuid/1', unit: 'home.mount' },
  {
    ...{
      point: '/srv/my data',
      device: 'LABEL=d',
      node: '/dev/disk/by-label/d',
      unit: 'srv-my\\x20data.mount',
    },
    unlocked: { node: '/dev/mapper/d', unit: 'systemd-cryptsetup@d.service' },
  },
  { point: '/mnt', device: 'LABEL=m', node: '/dev/disk/by-label/m', unit: 'mnt.mount' },
  {
    ...{ device: 'PARTUUID=s', node: '/dev/disk/by-partuuid/s', unit: 'dev-mapper-swap.swap' },
    unlocked: { node: '/dev/mapper/swap', unit: 'systemd-cryptsetup@swap.service' },
  },
]);

/** The fake looks at what a link names itself: a device behind it is one more entry. */
function withDisks(mounted: string, swaps: string, ...devices: string[]) {
  const machine = bootedMachine();
  machine.files.set('/usr/lib/mkma/disks.json', { content: DISKS });
  const mounts = machine.readText('/proc/self/mountinfo');
  machine.files.set('/proc/self/mountinfo', { content: `${mounts}\n${mounted}` });
  machine.files.set('/proc/swaps', { content: `Filename Type Size Used Priority\n${swaps}` });
  for (const device of devices) machine.files.set(device, { kind: 'block' });
  return machine;
}

test('disks of the definition: absent, not unlocked, not mounted', async () => {
  const machine = withDisks(
    '40 32 0:9 / /home rw - autofs systemd-1 rw',
    '/dev/vdb partition 1 0 -2\n',
    ...['/dev/disk/by-label/d', '/dev/disk/by-label/m'],
  );
  const lines = [
    '/home: not mounted: there is no disk UUID=1. Once it is attached: systemctl start home.mount',
    "/srv/my data: not mounted: the disk LABEL=d is not unlocked. To retry: systemctl start 'srv-my\\x20data.mount'; the reason: systemctl status systemd-cryptsetup@d.service",
    '/mnt: not mounted, although the disk LABEL=m is present. The reason: systemctl status mnt.mount',
    'swap: off: there is no disk PARTUUID=s. Once it is attached: systemctl start dev-mapper-swap.swap',
  ];
  assert.equal((await mkma(machine, ['status', '--missing'])).out, lines.map((line) => `${line}\n`).join(''));
  assert.ok(
    (await mkma(machine, ['status'])).out.includes(`\ndisks      ${lines.join('\n           ')}\ntimes `),
  );
  const { disks } = JSON.parse((await mkma(machine, ['status', '--json'])).out);
  assert.deepEqual(
    disks.map(({ state }: { state: string }) => state),
    ['absent', 'locked', 'failed', 'absent'],
  );
});

test('disks of the definition that are in use, by names with spaces and by what links lead to', async () => {
  const mounted = [
    '40 32 8:1 / /home rw - ext4 /dev/vda1 rw',
    '41 32 8:1 / /srv/my\\040data rw - ext4 /dev/dm-1 rw',
    '42 32 8:1 / /mnt rw - ext4 /dev/vda3 rw',
  ];
  const machine = withDisks(mounted.join('\n'), '/dev/dm-0 partition 1 0 -2\n');
  machine.files.set('/dev/mapper/swap', { link: '../dm-0' });
  assert.equal((await mkma(machine, ['status', '--missing'])).out, '');
  assert.ok(
    (await mkma(machine, ['status'])).out.includes(
      '\ndisks      /home: UUID=1\n           /srv/my data: LABEL=d, encrypted\n           /mnt: LABEL=m\n           swap: PARTUUID=s, encrypted\n',
    ),
  );
});

test('what was written while a disk was absent is warned of when it is saved', () => {
  const disks = readDisks(withDisks('', ''));
  const changed = (path: string) => ({ kind: 'new', path }) as const;
  assert.deepEqual(hiddenByDisks(disks, [changed('home'), changed('homes/x'), changed('srv/my')]), []);
  assert.deepEqual(hiddenByDisks(disks, [changed('srv/my data/x'), changed('srv/my data/y')]), [
    'the disk LABEL=d hides what is saved below /srv/my data while it is mounted there: copy it to the disk',
  ]);
});

test('a machine that mkma did not boot', async () => {
  const { out, err, code } = await mkma(bootedMachine(null), ['status']);
  assert.equal(out, '');
  assert.match(
    err,
    /^error: this machine was not booted by mkma: \/run\/mkma\/boot\.json \[not-booted-by-mkma\]\n {2}why: .*\n {2}next: /,
  );
  assert.equal(code, 1);
});

test('a record of another format, and with --json the problem as the document', async () => {
  const { out, code } = await mkma(bootedMachine({ format: 2 }), ['status', '--json']);
  const { error } = JSON.parse(out);
  assert.equal(error.what, 'cannot read the record of this boot');
  assert.equal(error.why, 'it has format 2; this mkma reads format 1');
  assert.equal(code, 1);
});

test('for a bar: one line of JSON with RAM and what is not saved, for every user', async () => {
  const MIB = 2 ** 20;
  const bar = async (record: unknown, saved?: number) => {
    const machine = bootedMachine(record);
    if (saved !== undefined) machine.files.set('/run/mkma/saved-used', { content: `${saved}\n` });
    const { out, code } = await mkma(machine, ['status', '--bar']);
    assert.equal(code, 0);
    assert.match(out, /^[^\n]+\n$/);
    return JSON.parse(out) as { text: string; tooltip: string; class: string; percentage: number };
  };
  // 344 MiB are in use now.
  const changed = await bar({ ...RECORD, usedBytes: 300 * MIB });
  assert.equal(changed.text, 'RAM 50% +44.0 MiB');
  assert.equal(changed.class, 'changed');
  assert.equal(changed.percentage, 50);
  assert.match(changed.tooltip, /^1\.00 GiB of 2\.00 GiB RAM in use\n.*\n44\.0 MiB written and not saved$/);
  const saved = await bar({ ...RECORD, usedBytes: 300 * MIB }, 344 * MIB);
  assert.equal(saved.text, 'RAM 50%');
  assert.equal(saved.class, 'calm');
  // Early boot of an older build did not record it.
  assert.equal((await bar(RECORD)).text, 'RAM 50%');
  const both = await mkma(bootedMachine(), ['status', '--bar', '--boot']);
  assert.equal(both.code, 2);
  assert.match(both.err, /exclude each other/);
});
