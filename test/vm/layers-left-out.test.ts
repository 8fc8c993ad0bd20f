import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { LoadedImage } from '../../src/core/boot/record.js';
import { Vm } from './harness.js';
import { bootFromDisk, layerFile, makeLayer } from './layer.js';

/** Each layer leaves its mark, so that nothing of one that is left out may be seen. */
const marked = (name: string, bytes = 300_000) => ({
  script: `mkdir -p root; head -c ${bytes} /dev/urandom >root/${name}; echo ${name} >>root/${name}`,
});

test('layers that fail are left out whole and told; those that are merely odd are applied with a warning', async () => {
  await makeLayer('a-good', marked('a-good'));
  // Most of it is unpacked before the damage shows: more than the slack in the sum of RAM below.
  await makeLayer('b-flipped', marked('b-flipped', 4_000_000));
  flip(layerFile('b-flipped'));
  await makeLayer('c-cut', marked('c-cut'));
  truncateSync(layerFile('c-cut'), 200_000);
  await makeLayer('d-deselected', marked('d-deselected'));
  writeFileSync(layerFile('e-empty'), '');
  await makeLayer('f-large', { script: 'truncate -s 1500M sparse' });
  await makeLayer('g-wrong', { ...marked('g-wrong'), facts: { deletions: ['not/there/at-all'] } });
  // Its archive holds a link, and a name below the link.
  execFileSync('bash', ['-e', '-c', EVIL, 'bash', layerFile('h-evil')]);
  const other = { base: `sha256:${'9'.repeat(64)}` };
  await makeLayer('i-other-base', { ...marked('i-other-base'), facts: other });
  execFileSync('bash', ['-e', '-c', BY_HAND, 'bash', layerFile('j-by-hand')]);
  // Made where root was the only user; the same once more, asked for by name.
  const passwd = 'mkdir etc; echo root:x:0:0::/root:/bin/sh >etc/passwd; touch etc/k';
  const digest = { 'etc/passwd': 'a'.repeat(64) };
  const records = { files: digest, users: { 0: 'root' }, below: { 'etc/passwd': 'b'.repeat(64) } };
  await makeLayer('k-accounts', { script: passwd, records });
  await makeLayer('l-forced', {
    script: 'mkdir etc; touch etc/l',
    records: { ...records, files: { 'etc/subuid': null } },
  });

  const [append, more] = bootFromDisk('mkma_layers=-d-deselected,-typo,!l-forced');
  await using vm = await Vm.shell(append, more);
  const told = vm.transcript.replaceAll('\r', '');
  for (const words of [
    /warning: mkma_layers names typo, but no layer has this name; the layers are a-good, b-flipped/,
    /layer b-flipped LEFT OUT, nothing of it is applied:\nmkma: +cannot unpack the image: \/images\/persistence\.b-flipped\.cpio\.zst, segment \d of 3 \[unpacking-failed\]\nmkma: +why: bsdtar \(exit code 1\): .*Zstd decompression failed.*\n/,
    /layer c-cut LEFT OUT, nothing of it is applied:\nmkma: +the image is damaged: .*\nmkma: +why: its end is missing: it was truncated, or not copied completely\n/,
    /layer d-deselected left out, as mkma_layers requests\n/,
    /layer e-empty LEFT OUT, .*\nmkma: +the image is empty: .*\nmkma: +why: the file has 0 bytes\n/,
    /layer f-large LEFT OUT, .*\nmkma: +the layer does not fit into the RAM file system: mkma_size=50% \[ram-too-small\]\nmkma: +why: the layer takes 1500 MiB; the RAM file system has \d+ MiB \(50% of \d+ MiB RAM(, less \d+ MiB for file systems beside it)?\), \d+ MiB of it free\n/,
    /layer g-wrong LEFT OUT, .*\nmkma: +cannot create whiteouts: .*\nmkma: +why: .*No such file or directory/,
    /layer h-evil LEFT OUT, .*\nmkma: +cannot unpack the image: .*\nmkma: +why: cpio .*\n.*out\/file: Cannot open: Not a directory/,
    /layer i-other-base: .*\nmkma: +warning: made on another base \(sha256:999999999999\) than this one \(sha256:[0-9a-f]{12}\); it does not record which accounts and packages .*\n/,
    /layer k-accounts LEFT OUT, .*\nmkma: +the layer was made on accounts that differ from those below it: .*k-accounts.*\nmkma: +why: it contains \/etc\/passwd, and was made where \/etc\/passwd had other content: .*\n(mkma: .*\n)*mkma: +or apply it anyway, .*: mkma_layers=!k-accounts in the boot loader\n/,
    /layer j-by-hand: .*, unverified: it has no manifest\n/,
  ]) {
    assert.match(told, words);
  }
  assert.equal(await vm.ask('ls -1 /overlay/layers'), 'a-good\ni-other-base\nj-by-hand\nl-forced');
  assert.equal(await vm.ask('ls -1 /root'), 'a-good\nby-hand\ni-other-base');
  assert.equal(await vm.ask('test -e /etc/issue || echo gone'), 'gone', 'a whiteout made by hand counts');
  const { base, layers, leftOut } = await vm.status();
  const applied = [base as LoadedImage, ...layers];
  assert.deepEqual(
    applied.map(({ kind, layer, verified }) => [kind, layer, verified]),
    [
      ['base', undefined, true],
      ['layer', 'a-good', true],
      ['layer', 'i-other-base', true],
      ['layer', 'j-by-hand', false],
      ['layer', 'l-forced', true],
    ],
  );
  assert.deepEqual(
    leftOut.map(({ layer, asked }) => `${layer} ${asked}`),
    [
      'b-flipped false',
      'c-cut false',
      'd-deselected true',
      'e-empty false',
      'f-large false',
      'g-wrong false',
      'h-evil false',
      'k-accounts false',
    ],
  );
  // What was left out takes no RAM, nor does anything else: a page for each folder at most, on top of what was loaded.
  const room = (await vm.ask("stat -f -c '%S %b %f' /overlay")).split(' ').map(Number);
  const [unit = 0, blocks = 0, free = 0] = room;
  const loaded = applied.reduce((sum, image) => sum + image.unpackedBytes, 0);
  const fresh = Number.parseInt(await vm.ask('du -sk /overlay/fresh'), 10) * 1024;
  const used = unit * (blocks - free) - fresh;
  assert.ok(used <= loaded + 2 ** 20, `${used} bytes are used, ${loaded} were loaded`);
});

function flip(file: string): void {
  const bytes = readFileSync(file);
  const at = bytes.length >> 1;
  bytes[at] = (bytes[at] as number) ^ 1;
  writeFileSync(file, bytes);
}

const EVIL = `
dir=$(mktemp -d); cd "$dir"
ln -s / out; mkdir -p in/out; echo evil >in/out/file
{ echo out | cpio -o -H newc --quiet | head -c 120; (cd in && printf 'out/file\\n' | cpio -o -H newc --quiet); } >a.cpio
zstd -q -f a.cpio -o "$1"; cd /; rm -r "$dir"`;

const BY_HAND = `
dir=$(mktemp -d); cd "$dir"
mkdir -p root etc; echo by-hand >root/by-hand; mknod etc/issue c 0 0
find . | cpio -o -H newc --quiet | zstd -q -f -o "$1"; cd /; rm -r "$dir"`;
