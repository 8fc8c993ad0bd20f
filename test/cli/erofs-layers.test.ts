/** Layers that are EROFS file systems: made, loaded as early boot does, and what is wrong with some of them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, test } from 'node:test';
import type { BootRecord } from '../../src/core/boot/record.js';
import { BOOT_RECORD } from '../../src/core/boot/record.js';
import { repository, temporary } from './cli.js';
import { sharedImages } from './images.js';
import { TestMachine } from './persist/machine.js';
import { inOwnMounts } from './persist/namespace.js';
import { describeTree } from './persist/view.js';

inOwnMounts(import.meta.url);

const folder = temporary();
const scratch = join(folder.path, 'machine');
mkdirSync(scratch);
const machine = new TestMachine({
  ...{ images: sharedImages(), dist: join(repository, 'dist'), scratch },
});
process.on('exit', () => {
  machine.close();
  folder[Symbol.dispose]();
});
const at = (path: string): string => join(machine.merged, path);

beforeEach(() => {
  machine.newBase((root) => {
    mkdirSync(join(root, 'etc'));
    mkdirSync(join(root, 'srv/old'), { recursive: true });
    for (const name of ['a', 'b', 'c']) writeFileSync(join(root, 'etc', name), name.repeat(100_000));
    for (const name of ['a', 'b']) writeFileSync(join(root, 'srv/old', name), name);
  });
  machine.boot();
});

interface Saved {
  readonly format: string;
  readonly unpackedBytes: number;
  readonly changes: readonly { readonly kind: string; readonly path: string }[];
  readonly layer: { readonly layer: string; readonly file: string };
}

function save(...args: string[]): Saved {
  const { code, stdout, stderr } = machine.mkma(['persist', '--all', '--json', ...args]);
  assert.equal(code, 0, stderr + stdout);
  return JSON.parse(stdout) as Saved;
}

/** Changes the file of a layer. */
function onLayer(file: string, work: (path: string) => void): void {
  machine.onStorage((storage) => work(join(storage, 'images', file)));
}

function overwrite(path: string, bytes: readonly number[], position: number): void {
  const fd = openSync(path, 'r+');
  writeSync(fd, Uint8Array.from(bytes), 0, bytes.length, position);
  closeSync(fd);
}

/** A file system made by hand, without a manifest, of what the script leaves in an empty folder. */
function makeByHand(name: string, script: string): void {
  const tree = join(machine.root, 'tmp/hand');
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(tree);
  execFileSync('bash', ['-e', '-c', script], { cwd: tree });
  execFileSync('chroot', [machine.root, 'mkfs.erofs', '--quiet', '/tmp/hand.erofs', '/tmp/hand'], {
    stdio: 'pipe',
  });
  onLayer(`persistence.${name}.erofs`, (path) => cpSync(join(machine.root, 'tmp/hand.erofs'), path));
  rmSync(join(machine.root, 'tmp/hand.erofs'));
}

const codes = (leftOut: BootRecord['leftOut']): string[] =>
  leftOut.map(({ layer, problem }) => `${layer} ${problem?.code}`);

/** Every kind of file, and names, numbers and attributes that are too large for a header of tar. */
const ALL_KINDS = String.raw`
mkdir new; for i in 0 1 30 99 100 101 200; do head -c $((i * 999)) /dev/zero | tr '\0' x >new/$(printf 'n%.0s' $(seq 1 $((i + 1)))); done
ln new/n a-link; ln new/$(printf 'n%.0s' $(seq 101)) new/other; ln -s $(printf 't%.0s' $(seq 150)) new/target
mkfifo fifo; mknod char c 5 70000; mknod block b 300 2; chown 3000000:4000000 etc/b; chmod 4711 etc/b
setfattr -n user.raw -v 0xfffe0a00 new/n; setfattr -n trusted.root -v r .; chmod 751 .
setfattr -n system.posix_acl_access -v 0x0200000001000700ffffffff020007000700000004000500ffffffff10000700ffffffff20000500ffffffff new
printf x >"$(printf 'new/\377odd\nline')"; touch -d 1975-01-01 new/n
mkdir -p new/$(printf 'd%.0s' $(seq 200))/$(printf 'e%.0s' $(seq 200)); truncate -s 50M new/hole; printf end >>new/hole
rm etc/a; rm -r srv/old; mkdir srv/old; echo again >srv/old/b; mv etc etc-moved`;

test('everything that an archive keeps, without a copy of it in RAM', () => {
  execFileSync('bash', ['-e', '-c', ALL_KINDS], { cwd: machine.merged });
  const saved = save('--format', 'erofs');
  assert.equal(saved.layer.file, `persistence.${saved.layer.layer}.erofs`);
  assert.equal(saved.format, 'erofs');
  assert.ok(saved.unpackedBytes < 2 ** 20, `${saved.unpackedBytes}`);
  const before = describeTree(machine.merged);
  assert.deepEqual(machine.boot(), []);
  assert.deepEqual(describeTree(machine.merged), before);
  assert.equal(machine.mkma(['persist', '--all', '--dry-run']).stdout, 'nothing to save\n');
  // On top of it, what it has is changed and deleted by an archive.
  rmSync(at('new/other'));
  appendFileSync(at('new/hole'), 'more');
  renameSync(at('srv/old'), at('srv/new'));
  assert.equal(save('--format', 'cpio').format, 'cpio');
  const again = describeTree(machine.merged);
  assert.deepEqual(machine.boot(), []);
  assert.deepEqual(describeTree(machine.merged), again);
});

test('metadata alone: a file system has such files whole', () => {
  chmodSync(at('etc/a'), 0o600);
  assert.deepEqual(
    save('--format', 'erofs').changes.map(({ kind, path }) => `${kind} ${path}`),
    ['changed /etc/a'],
  );
  assert.deepEqual(machine.boot(), []);
  assert.equal(statSync(at('etc/a')).mode & 0o777, 0o600);
  assert.equal(readFileSync(at('etc/a'), 'utf8'), 'a'.repeat(100_000));
});

test('the default is an archive; with an EROFS base a file system, unless the layer is small or has metadata alone', () => {
  const fill = (): void => writeFileSync(at('large'), 'some text '.repeat(600_000));
  fill();
  // What changes right before a snapshot counts as changed after it (core/overlay/snapshot.ts, TICK).
  execFileSync('sleep', ['0.2']);
  assert.equal(save().format, 'cpio');
  const record = join(machine.root, BOOT_RECORD);
  const boot = JSON.parse(readFileSync(record, 'utf8')) as BootRecord;
  const images = boot.images.map((image) => (image.kind === 'base' ? { ...image, format: 'erofs' } : image));
  writeFileSync(record, JSON.stringify({ ...boot, images }));
  // The base of this machine is a folder, which has to be mounted to pass for one.
  execFileSync('mount', ['--bind', join(machine.root, 'overlay/base'), join(machine.root, 'overlay/base')]);
  try {
    writeFileSync(at('small'), 'small');
    assert.equal(save().format, 'cpio');
    fill();
    const saved = save();
    assert.equal(saved.format, 'erofs');
    fill();
    const mkfs = join(machine.root, 'usr/bin/mkfs.erofs');
    renameSync(mkfs, `${mkfs}.away`);
    writeFileSync(
      mkfs,
      '#!/bin/sh\n[ "$1" != --help ] || exec echo --tar= --workers= zstd\necho cannot >&2; exit 1\n',
      {
        mode: 0o755,
      },
    );
    try {
      const failed = machine.mkma(['persist', '--all', '--level', '1']);
      assert.match(failed.stderr, /\npacking an archive instead: mkfs\.erofs \(exit code 1\): cannot\n/);
      assert.match(failed.stdout, /^saved 1 change as persistence\.\d+_\d+\.cpio\.zst, /);
    } finally {
      renameSync(`${mkfs}.away`, mkfs);
    }
    fill();
    chmodSync(at('etc/b'), 0o600);
    assert.equal(save().format, 'cpio');
  } finally {
    execFileSync('umount', [join(machine.root, 'overlay/base')]);
  }
});

test('the verbs of mkma layers, on the machine', () => {
  rmSync(at('etc/a'));
  writeFileSync(at('etc/new'), 'new');
  const { layer, file } = save('--format', 'erofs').layer;
  assert.deepEqual(machine.boot(), []);
  const told = (...args: string[]): string => {
    const { code, stdout, stderr } = machine.mkma(['layers', ...args]);
    assert.equal(code, 0, stderr + stdout);
    return stdout;
  };
  assert.equal(told('verify'), `${layer}: verified\n`);
  assert.match(told('list'), new RegExp(`^${layer} .* {2}3 +1 {2}applied$`, 'm'));
  assert.match(told('show', file), /^deleted +\/etc\/a\n.* \/etc\/new\n/m);
  assert.match(told('blame', '/etc/new'), new RegExp(`/etc/new comes from ${layer}\n$`));
  assert.match(machine.mkma(['status']).stdout, new RegExp(`${layer}, a file system of its own$`, 'm'));
  told('disable', layer);
  assert.deepEqual(machine.files(), ['base.cpio.zst', `${file}.disabled`]);
  assert.deepEqual(machine.boot(), []);
  assert.ok(existsSync(at('etc/a')) && !existsSync(at('etc/new')));
  told('enable', layer);
  assert.deepEqual(machine.boot(), []);
  assert.ok(!existsSync(at('etc/a')) && existsSync(at('etc/new')));
  told('drop', layer);
  assert.deepEqual(machine.files(), ['base.cpio.zst']);
});

test('a damaged one, one whose features the kernel lacks, and two of one name: left out, the others apply', () => {
  writeFileSync(at('etc/new'), 'new '.repeat(10_000));
  const { file, layer } = save('--format', 'erofs').layer;
  writeFileSync(at('etc/other'), 'other');
  const archive = save('--format', 'cpio').layer;
  onLayer(archive.file, (path) => cpSync(path, path.replace(archive.layer, 'y')));
  onLayer(file, (path) => {
    cpSync(path, path.replace(layer, 'y'));
    for (const name of ['m-damaged', 'n-cut']) cpSync(path, path.replace(layer, name));
    overwrite(path.replace(layer, 'm-damaged'), [0x55], 2000);
    const cut = path.replace(layer, 'n-cut');
    writeFileSync(cut, readFileSync(cut).subarray(0, 3000));
    cpSync(path, path.replace(layer, 'z'));
    writeFileSync(path.replace(`${layer}.erofs`, 'z.cpio.zst'), '');
  });
  makeByHand('o-unknown', 'echo hand >by-hand');
  onLayer('persistence.o-unknown.erofs', (path) => {
    // feature_compat without the checksum, feature_incompat with one that does not exist (erofs_fs.h).
    overwrite(path, [0, 0, 0, 0], 1024 + 8);
    overwrite(path, [0, 0, 0, 0x40], 1024 + 80);
  });
  const leftOut = machine.boot();
  assert.deepEqual(codes(leftOut).sort(), [
    'm-damaged image-damaged',
    'n-cut image-damaged',
    'o-unknown layer-not-mounted',
    'y layer-name-twice',
    'z image-empty',
  ]);
  assert.equal(readFileSync(at('etc/new'), 'utf8').length, 40_000);
  assert.ok(!existsSync(at('by-hand')));
  // Beside one that cannot be read, the other is applied.
  assert.equal(statSync(join(machine.root, 'overlay/layers/z/etc/new')).size, 40_000);
  assert.equal(machine.mkma(['layers', 'disable', 'persistence.y.cpio.zst']).code, 0);
  assert.deepEqual(
    codes(machine.boot()).filter((code) => code.startsWith('y')),
    [],
  );
  const enabled = machine.mkma(['layers', 'enable', 'persistence.y.cpio.zst.disabled']);
  assert.match(enabled.stderr, /^error: another layer has this name: .* \[layer-name-twice\]\n/);
});

test('a label that ends like a file is found by its name', () => {
  writeFileSync(at('etc/new'), 'new');
  const { layer } = save('--format', 'cpio', '--name', 'v.erofs').layer;
  assert.equal(machine.mkma(['layers', 'show', layer]).code, 0);
});

test('made by hand: whiteouts and opaque folders count; content that is elsewhere is refused', () => {
  makeByHand(
    'hand',
    'mkdir -p srv/old etc; mknod etc/a c 0 0; echo new >srv/old/new; setfattr -n trusted.overlay.opaque -v y srv/old',
  );
  makeByHand('i-moved', 'mkdir moved; setfattr -n trusted.overlay.redirect -v /etc moved');
  makeByHand('j-content', 'truncate -s 100000 secret; setfattr -n trusted.overlay.metacopy -v "" secret');
  const leftOut = machine.boot();
  assert.deepEqual(codes(leftOut), ['i-moved overlay-mark', 'j-content overlay-mark']);
  assert.match(
    leftOut[0]?.problem?.why ?? '',
    /^moved has the attribute trusted\.overlay\.redirect, by which an overlay/,
  );
  assert.ok(!existsSync(at('etc/a')) && !existsSync(at('srv/old/a')) && !existsSync(at('moved')));
  assert.equal(readFileSync(at('srv/old/new'), 'utf8'), 'new\n');
  assert.match(machine.mkma(['layers', 'show', 'hand']).stdout, /opaque|hides/);
});

test('without the programs that make one: refused with the packages; nothing is written', () => {
  const mkfs = join(machine.root, 'usr/bin/mkfs.erofs');
  writeFileSync(at('etc/new'), 'new');
  renameSync(mkfs, `${mkfs}.away`);
  try {
    const { code, stderr } = machine.mkma(['persist', '--all', '--format', 'erofs']);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^error: cannot make a layer that is an EROFS file system: --format erofs \[program-missing\]\n {2}why: mkfs\.erofs is missing\n {2}next: install the packages erofs-utils and xxhash/,
    );
  } finally {
    renameSync(`${mkfs}.away`, mkfs);
  }
  assert.deepEqual(machine.files(), ['base.cpio.zst']);
});

test('attributes that it cannot hold are refused, never stored in another way', () => {
  const odd: readonly (readonly [name: string, value: string, why: RegExp])[] = [
    ['user.a=b', 'c', /\/etc\/new has an extended attribute with = in its name, /],
    ['user.large', 'v'.repeat(40_000), /\/etc\/new has 39\.1 KiB of attributes, /],
  ];
  for (const [name, value, why] of odd) {
    writeFileSync(at('etc/new'), 'new');
    execFileSync('setfattr', ['-n', name, '-v', value, at('etc/new')]);
    const { code, stderr } = machine.mkma(['persist', '--all', '--format', 'erofs']);
    assert.equal(code, 1);
    assert.match(stderr, why);
    assert.match(stderr, /next: save it with --format cpio; nothing was saved\n/);
    assert.deepEqual(machine.files(), ['base.cpio.zst']);
    rmSync(at('etc/new'));
  }
});

test('a storage that is too small: nothing is left of it', () => {
  const files: readonly (readonly [megabytes: number, why: RegExp])[] = [
    [300, /why: mkfs\.erofs needs 300 MiB there while it works, and \d+ MiB are free\n/],
    // It has room for the content, but not for what becomes of it as well.
    [150, /why: mkfs\.erofs \(exit code \d+\): .*No space left on device\n/],
  ];
  for (const [megabytes, why] of files) {
    execFileSync('bash', ['-c', `head -c ${megabytes}M /dev/urandom >"$0"`, at('large')]);
    const { code, stderr } = machine.mkma(['persist', '--all', '--format', 'erofs', '--level', '1']);
    assert.equal(code, 1);
    assert.match(stderr, /error: the layer does not fit on the storage device \[storage-full\]\n/);
    assert.match(stderr, why);
    assert.deepEqual(machine.files(), ['base.cpio.zst']);
  }
});
