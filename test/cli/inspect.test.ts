/** `mkma inspect`: what it calls verified is verified, and no file makes it stumble. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { planArchive } from '../../src/core/image/archive-plan.js';
import { encodeManifest, encodeSeekTable, HEAD_SIZE } from '../../src/core/image/image.js';
import type { Manifest } from '../../src/core/image/manifest.js';
import { packImage } from '../../src/host/pack/image.js';
import { scanTree } from '../../src/host/pack/scan.js';
import { execute, mkma, mkmaHere, temporary } from './cli.js';
import { makeOddTree } from './tree.js';

/** Pack a small tree into `image`; returns the manifest. */
async function pack(folder: string, image: string): Promise<Manifest> {
  const root = join(folder, 'tree');
  makeOddTree(root);
  const scratch = join(folder, 'scratch');
  mkdirSync(scratch);
  const tree = await scanTree(root);
  assert.ok(tree.ok);
  const plan = planArchive(tree.value.entries, tree.value.devices, { segmentTarget: 4096 });
  assert.ok(plan.ok);
  const facts = { name: 'odd', created: '', mkma: '', suite: '', architecture: '', kernelRelease: '' };
  const options = { root, plan: plan.value, level: 1, scratch, target: image };
  const packed = await packImage({ ...options, facts: { kind: 'base', ...facts } });
  assert.ok(packed.ok, JSON.stringify(packed));
  return packed.value.manifest;
}

/** The same payload with another manifest, which holds together in itself. */
function withManifest(image: string, manifest: Manifest): void {
  const size = manifest.segments.reduce((sum, segment) => sum + segment.size, HEAD_SIZE);
  const frame = encodeManifest(manifest);
  assert.ok(manifest.segments.every((segment) => segment.frames === 1));
  const table = encodeSeekTable([
    { size: HEAD_SIZE, bytes: 0 },
    ...manifest.segments,
    { size: frame.length, bytes: 0 },
  ]);
  writeFileSync(image, Buffer.concat([readFileSync(image).subarray(0, size), frame, table]));
}

test('an image is verified against the digests in its manifest, and a segment that differs is named', async () => {
  using folder = temporary();
  const image = join(folder.path, 'image');
  const manifest = await pack(folder.path, image);
  const whole = await mkma(['inspect', image]);
  assert.equal(whole.code, 0, whole.stderr);
  assert.match(whole.stdout, /an mkma base, verified/);

  const count = manifest.segments.length;
  assert.ok(count > 3);
  const other = 'ab'.repeat(32);
  const segments = manifest.segments.map((segment, i) => (i === 1 ? { ...segment, sha256: other } : segment));
  withManifest(image, { ...manifest, segments });
  const segment = await mkma(['inspect', image]);
  assert.equal(segment.code, 1, segment.stdout);
  assert.match(segment.stderr, /^error: the image is damaged: .*image \[image-damaged\]$/m);
  assert.match(segment.stderr, new RegExp(`why: segment 2 of ${count} .*\n.*expected ${other}`));

  withManifest(image, { ...manifest, id: `sha256:${other}` });
  const id = await mkma(['inspect', image]);
  assert.equal(id.code, 1, id.stdout);
  assert.match(id.stderr, new RegExp(`has the id sha256:${other}, its content ${manifest.id}`));
});

for (const [name, make] of [
  ['no JSON', "printf 'hello' >mkma/manifest.json"],
  ['null', "printf 'null' >mkma/manifest.json"],
  [
    'of another maker',
    `printf '{"format":1,"kind":"initramfs","segments":null,"unpackedBytes":{}}' >mkma/manifest.json`,
  ],
  ['200 MiB', 'truncate -s 200M mkma/manifest.json'],
  ['a folder', 'mkdir mkma/manifest.json'],
  ['a link', 'ln -s /etc/passwd mkma/manifest.json'],
] as const) {
  test(`a manifest inside an archive that is ${name} makes it any archive`, async () => {
    using folder = temporary();
    const file = join(folder.path, 'x.cpio.zst');
    const script = `mkdir -p "$0/t/mkma" && cd "$0/t" && ${make} && find . | cpio --quiet -o -H newc | zstd -q >"$1"`;
    const made = await execute('sh', ['-c', script, folder.path, file]);
    assert.equal(made.code, 0, made.stderr);
    const got = await mkmaHere(['inspect', file]);
    assert.equal(got.code, 0, got.stderr);
    assert.match(got.stdout, /an archive without a manifest, unverified/);
  });
}

test("an initramfs's manifest is shown, and nothing but what belongs into one", async () => {
  using folder = temporary();
  const file = join(folder.path, 'x.cpio.zst');
  const facts = { mkma: '1.2.3', suite: 'trixie', architecture: 'amd64', kernelRelease: '6.1.0' };
  mkdirSync(join(folder.path, 'mkma'));
  const manifest = { format: 1, kind: 'initramfs', ...facts, segments: null, unpackedBytes: {} };
  writeFileSync(join(folder.path, 'mkma/manifest.json'), JSON.stringify(manifest));
  const script = 'cd "$0" && echo mkma/manifest.json | cpio --quiet -o -H newc | zstd -q >"$1"';
  assert.equal((await execute('sh', ['-c', script, folder.path, file])).code, 0);
  const got = await mkmaHere(['inspect', file, '--json']);
  assert.equal(got.code, 0, got.stderr);
  assert.deepEqual(JSON.parse(got.stdout).manifest, { format: 1, kind: 'initramfs', ...facts });
});

test('a folder, a pipe, a file that is not there: told, with the path', async () => {
  using folder = temporary();
  const pipe = join(folder.path, 'pipe');
  assert.equal((await execute('mkfifo', [pipe])).code, 0);
  for (const [path, why] of [
    [folder.path, 'it is not a regular file'],
    [pipe, 'it is not a regular file'],
    [join(folder.path, 'none'), 'ENOENT: no such file or directory, stat .*'],
  ] as const) {
    const got = await mkmaHere(['inspect', path]);
    assert.match(
      got.stderr,
      new RegExp(
        `^error: cannot read the image: ${path} \\[image-unreadable\\]\n {2}why: ${why}\n {2}next: `,
      ),
    );
    assert.equal(got.code, 1);
  }
});
