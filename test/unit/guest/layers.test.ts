import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootMachine } from '../../../src/guest/init/boot.js';
import { imageFile } from '../core/sample.js';
import type { FakeMachine } from './fake-machine.js';
import { failing, goodMachine, MANIFEST } from './good-machine.js';
import { layer, lowerFolders, record, withLayers } from './layered-machine.js';

test('layers lie on the base in the order of their names, and are remembered', () => {
  const machine = withLayers({ b: layer('2', { after: `sha256:${'1'.repeat(64)}` }), a: layer('1') });
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  assert.deepEqual(lowerFolders(machine), ['/ram/view/layers/b', '/ram/view/layers/a', '/ram/view/base']);
  assert.ok(machine.calls.some((call) => /^mount -t overlay -o lowerdir=1:2:3,/.test(call)));
  assert.deepEqual(
    record(machine).images.map(({ kind, layer: name, verified, warnings }) => [
      kind,
      name,
      verified,
      warnings,
    ]),
    [
      ['base', undefined, true, undefined],
      ['layer', 'a', true, undefined],
      ['layer', 'b', true, undefined],
    ],
  );
  assert.deepEqual(record(machine).leftOut, []);
  // The storage is released once the layers are in RAM.
  const calls = machine.calls;
  assert.ok(calls.indexOf('umount /storage') > calls.indexOf('mkdir /ram/view/layers/b'));
  // 12 names of the base and 2 of each layer, on top of half of the pages.
  assert.ok(calls.some((call) => /^mount -t tmpfs.*nr_inodes=250016 /.test(call)));
});

test('the merged root looks like the highest layer that has a manifest', () => {
  const attributes = [{ path: '.', values: { 'user.root': 'YQ==' } }];
  const machine = withLayers({ a: layer('1', {}, { attributes }), b: new Uint8Array(100) });
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  // Of the layer's own folder, then of the upper directory.
  const set = machine.inputs
    .filter(([call]) => call.includes('setfattr'))
    .map(([call, input]) => [call[0], input]);
  const text = '# file: .\nuser.root=0sYQ==\n\n';
  assert.deepEqual(set, [
    ['c', text],
    ['s', text],
  ]);
  assert.ok(machine.calls.includes('touch -r /ram/view/layers/a /ram/view/fresh'));
  assert.match(machine.lines.join('\n'), /layer b: .* unverified: it has no manifest/);
});

test('deletions, opaque folders and attributes are set in one go each', () => {
  const attributes = [{ path: 'x', values: { 'user.a': 'YQ==' } }];
  const machine = withLayers({ a: layer('1', { deletions: ['gone'], opaque: ['hides'] }, { attributes }) });
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  assert.equal(machine.calls.filter((call) => /^chroot \/jail cpio /.test(call)).length, 1);
  const set = machine.inputs.find(([call]) => call.includes('setfattr'))?.[1] ?? '';
  assert.equal(set, '# file: x\nuser.a=0sYQ==\n\n# file: hides\ntrusted.overlay.opaque=0seQ==\n\n');
  assert.ok(
    machine.calls.some((call) => /nr_inodes=250015 /.test(call)),
    'a whiteout is an inode, too',
  );
});

for (const [name, spoil, words] of [
  [
    'whose segment does not unpack',
    (machine: FakeMachine) => {
      machine.partAnswer = (argv) =>
        argv.includes('bsdtar') && machine.started.length === 5 ? { code: 1, stderr: 'checksum' } : undefined;
    },
    /cannot unpack the image: \/img\/persistence\.a\.cpio\.zst \[unpacking-failed\]\n.*why: bsdtar \(exit code 1\): checksum/,
  ],
  [
    'whose whiteouts cannot be made',
    (machine: FakeMachine) => refuse(machine, /jail cpio/, 'cpio: gone: Cannot mknod'),
    /cannot create whiteouts: .*\n.*Cannot mknod/,
  ],
  [
    'whose attributes cannot be set',
    (machine: FakeMachine) => refuse(machine, /setfattr/, 'setfattr: hides: No such file'),
    /cannot set extended attributes: .*\n.*No such file/,
  ],
  [
    'that writes beside its folder',
    (machine: FakeMachine) => {
      const before = machine.answer;
      machine.answer = (argv, fake) => {
        if (argv[0] !== 'find') return before(argv, fake);
        // Before and after the base, then before and after layer a.
        const time = fake.calls.filter((call) => call.startsWith('find ')).length;
        return { stdout: time === 4 ? '-rw-r--r-- 1 0 0 9 Jan 1 /jail/etc\n' : '' };
      };
    },
    /the archive escapes its folder \[archive-escapes\]\n.*unpacking it wrote to \/etc, /,
  ],
] as const) {
  test(`a layer ${name} is left out whole, and the next one applied`, () => {
    const facts = { deletions: ['gone'], opaque: ['hides'] };
    const machine = withLayers({
      a: layer('1', facts),
      b: layer('2', { after: `sha256:${'1'.repeat(64)}` }),
    });
    spoil(machine);
    assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
    const told = machine.lines.map((line) => line.replace(/^mkma: +/, '')).join('\n');
    assert.match(told, /layer a LEFT OUT, nothing of it is applied:/);
    assert.match(told, words);
    assert.ok(machine.calls.includes('rm -rf /ram/view/layers/a'));
    assert.deepEqual(lowerFolders(machine), ['/ram/view/layers/b', '/ram/view/base']);
    assert.deepEqual(
      record(machine).leftOut.map(({ layer: left, asked }) => [left, asked]),
      [['a', false]],
    );
    assert.match(told, /warning: made on top of a layer that is not applied \(sha256:1{12}\)/);
  });
}

/** Lets the first program that fits fail, which is layer a's. */
function refuse(machine: FakeMachine, pattern: RegExp, stderr: string): void {
  const before = machine.answer;
  let done = false;
  machine.answer = (argv, fake) => {
    if (done || !pattern.test(argv.join(' '))) return before(argv, fake);
    done = true;
    return { code: 2, stderr };
  };
}

test('a layer that does not fit is left out before anything of it is loaded', () => {
  const machine = withLayers({ a: layer('1', {}, { unpackedBytes: 2 ** 32 }) });
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  const told = machine.lines.join('\n');
  assert.match(told, /the layer does not fit into the RAM file system: mkma_size=50%/);
  assert.match(told, /the layer takes 4096 MiB; the RAM file system has 977 MiB \(50% of 1954 MiB RAM\)/);
  assert.equal(machine.started.length, 4, 'the base alone was unpacked');
});

test('what is called a layer and is no file is left out with what it is', () => {
  const machine = withLayers({ b: layer('2') });
  machine.files.set('/storage/img/persistence.a.cpio.zst', { kind: 'directory' });
  machine.files.set('/storage/img/persistence.c.cpio.zst', { link: '/gone' });
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  const told = machine.lines.join('\n');
  assert.match(told, /layer a LEFT OUT.*\n.*not a layer: .*\n.*why: not a regular file/);
  assert.match(told, /layer c LEFT OUT.*\n.*not a layer: .*\n.*why: cannot be opened/);
  assert.deepEqual(lowerFolders(machine), ['/ram/view/layers/b', '/ram/view/base']);
});

test('where the names of the layers cannot be listed there is no boot without them', () => {
  const machine = withLayers({ a: layer('1') });
  const list = machine.list.bind(machine);
  machine.list = (path) => (path === '/storage/img' ? undefined : list(path));
  failing(
    machine,
    'load',
    /cannot read the storage device: \/img \[storage-unreadable\]\n/,
    /so the layers are unknown/,
  );
});

test('a medium that vanishes while layers are read does not make a machine without them', () => {
  const machine = withLayers({ a: layer('1'), b: layer('2') });
  machine.partAnswer = (argv) => {
    if (!argv.some((word) => word.includes('persistence.b'))) return undefined;
    machine.files.delete('/dev/vda');
    return { code: 1, stderr: 'dd: error reading: Input/output error\n' };
  };
  failing(
    machine,
    'layers',
    /layer b LEFT OUT/,
    /the storage device disappeared: \/dev\/vda/,
    /next: reattach it and exit to retry/,
  );
  assert.ok(machine.calls.includes('umount /ram'), 'tried again from the start');
  // One that is only hard to read costs itself alone.
  const worn = withLayers({ a: layer('1'), b: layer('2') });
  worn.partAnswer = (argv) =>
    argv.some((word) => word.includes('persistence.b'))
      ? { code: 1, stderr: 'dd: Input/output error\n' }
      : undefined;
  assert.equal(bootMachine(worn), true, worn.lines.join('\n'));
  assert.deepEqual(lowerFolders(worn), ['/ram/view/layers/a', '/ram/view/base']);
});

test('a layer that trips over what nobody foresaw is left out, and the next one applied', () => {
  const machine = withLayers({ a: layer('1'), b: layer('2') });
  const before = machine.answer;
  machine.answer = (argv, fake) =>
    argv.join(' ') === 'mkdir /ram/view/layers/a' ? { code: 1, stderr: 'mkdir: no' } : before(argv, fake);
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  assert.match(machine.lines.join('\n'), /layer a LEFT OUT.*\n.*a bug in mkma.*\n.*mkdir: no/);
  assert.deepEqual(lowerFolders(machine), ['/ram/view/layers/b', '/ram/view/base']);
});

test('a layer that has a link where early boot mounts is left out, and the next one applied', () => {
  const machine = withLayers({ a: layer('1'), b: layer('2') });
  machine.files.set('/ram/view/layers/a/overlay', { link: '/srv' });
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  assert.match(
    machine.lines.join('\n'),
    /layer a LEFT OUT.*\n.*no mount point \/overlay.*\n.*a link to \/srv, not a folder/,
  );
  assert.deepEqual(lowerFolders(machine), ['/ram/view/layers/b', '/ram/view/base']);
});

test('a layer with more files than RAM holds neither spoils the RAM file system nor the boot', () => {
  const segments = [{ size: 10, bytes: 100, frames: 1, records: 2 ** 31, sha256: 'e'.repeat(64) }];
  const machine = withLayers({ a: layer('1', {}, { segments }) });
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  // Half of the pages, 12 names of the base, and as many as fit into RAM at 1 KiB each.
  assert.ok(machine.calls.some((call) => /^mount -t tmpfs.*nr_inodes=2250012 /.test(call)));
  assert.match(machine.lines.join('\n'), /layer a LEFT OUT.*\n.*the layer does not fit/);
});

test('a layer by hand that leaves no room to run in is left out', () => {
  const machine = withLayers({ a: new Uint8Array(100) });
  const before = machine.answer;
  machine.answer = (argv, fake) =>
    argv.join(' ').startsWith('stat -f') && fake.calls.some((call) => call.startsWith('du '))
      ? { stdout: '4096 250000 100 900\n' }
      : before(argv, fake);
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  assert.match(machine.lines.join('\n'), /layer a LEFT OUT.*\n.*does not fit.*\n.*too little to run/);
});

test('damaged, empty and misnamed files are left out', () => {
  const damaged = layer('1');
  damaged[damaged.length - 20] = 0x55;
  const machine = withLayers({
    a: damaged,
    b: new Uint8Array(0),
    c: imageFile(MANIFEST),
    d: layer('2').slice(0, -1),
  });
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  assert.deepEqual(
    record(machine).leftOut.map(({ problem }) => problem?.what),
    ['the image is damaged', 'the image is empty', 'not a layer', 'the image is damaged'],
  );
});

test('another base is a warning', () => {
  const machine = withLayers({ a: layer('1', { base: `sha256:${'9'.repeat(64)}` }) });
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  const warning =
    'made on another base (sha256:999999999999) than this one (sha256:dddddddddddd); it does not record which accounts and packages it was made on: it may hide those of this base';
  assert.ok(machine.lines.includes(`mkma:   warning: ${warning}`));
  assert.deepEqual(record(machine).images[1]?.warnings, [warning]);
});

test('mkma_layers chooses, and names that fit nothing are told', () => {
  const machine = withLayers({ a: layer('1'), b: layer('2') }, 'mkma_layers=-a,-x');
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  assert.deepEqual(lowerFolders(machine), ['/ram/view/layers/b', '/ram/view/base']);
  const told = machine.lines.join('\n');
  assert.match(told, /layer a left out, as mkma_layers requests/);
  assert.match(told, /warning: mkma_layers names x, but no layer has this name; the layers are a, b/);
  assert.deepEqual(record(machine).leftOut, [
    { layer: 'a', file: '/img/persistence.a.cpio.zst', bytes: layer('1').length, asked: true },
  ]);
  assert.equal(record(machine).warnings.length, 1);
  failing(withLayers({}, 'mkma_layers=a,,b'), 'mount', /mkma_layers=a,,b/, /it must be all, none, or names/);
});

test('a layer in the place of the base is refused', () => {
  failing(goodMachine('', layer('1')), 'load', /not a base/, /its manifest says it is a layer/);
});
