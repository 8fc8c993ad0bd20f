/** Stock tools unpack what mkma packs, whole and exact. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { planArchive } from '../../src/core/image/archive-plan.js';
import { HEAD_SIZE } from '../../src/core/image/image.js';
import { packImage } from '../../src/host/pack/image.js';
import { readRecords } from '../../src/host/pack/read.js';
import { scanTree } from '../../src/host/pack/scan.js';
import { temporary } from './cli.js';
import { sharedImages } from './images.js';
import { FACTS, packTree } from './pack.js';
import { describeTree, makeOddTree, packedOf, STOCK_UNPACKERS, unpackStock } from './tree.js';

describe('the built base', () => {
  let expected: string[] = [];
  before(() => {
    expected = packedOf(describeTree(join(sharedImages(), 'chroot')));
    assert.ok(expected.length > 5000);
  });

  for (const tool of STOCK_UNPACKERS) {
    test(`unpacked by ${tool} is chroot/`, () => {
      using folder = temporary();
      const root = join(folder.path, 'root');
      mkdirSync(root);
      unpackStock(tool, join(sharedImages(), 'base.cpio.zst'), root);
      assert.deepEqual(packedOf(describeTree(root)), expected);
    });
  }
});

describe('every kind of file and name, in segments of any size', () => {
  const folder = temporary();
  const at = (name: string): string => join(folder.path, name);
  const targets = [1, 4096, 2 ** 20, 2 ** 30];
  // GNU and busybox cpio leave the folder they unpack into as it is: its own record is for init and bsdcpio.
  const below = (lines: string[]): string[] => lines.filter((line) => !line.startsWith('\t'));
  let expected: string[] = [];
  before(async () => {
    makeOddTree(at('odd'));
    expected = describeTree(at('odd'));
    for (const target of targets) {
      const manifest = await packTree(at('odd'), at(`${target}.cpio.zst`), at(`s${target}`), target);
      if (target === 1) assert.ok(manifest.segments.length > 15, `${manifest.segments.length} segments`);
    }
    assert.equal(below(expected).length, expected.length - 1);
  });
  after(() => folder[Symbol.dispose]());

  for (const tool of STOCK_UNPACKERS) {
    test(`comes back by ${tool}`, () => {
      for (const target of targets) {
        const out = at(`${tool} ${target}`);
        mkdirSync(out);
        unpackStock(tool, at(`${target}.cpio.zst`), out);
        assert.deepEqual(below(describeTree(out)), below(expected));
      }
    });
  }
});

test('a file of several frames comes back, from any of their places', async () => {
  using folder = temporary();
  const root = join(folder.path, 'large');
  mkdirSync(root);
  // Larger than two frames, mostly a hole: quick to make and to compare.
  const large = openSync(join(root, 'large'), 'w');
  for (const mebibyte of [0, 63, 64, 128, 149]) writeSync(large, `at ${mebibyte}`, mebibyte * 2 ** 20);
  ftruncateSync(large, 150 * 2 ** 20 + 1);
  closeSync(large);
  writeFileSync(join(root, 'small'), 'small\n');
  const image = join(folder.path, 'large.cpio.zst');
  const manifest = await packTree(root, image, join(folder.path, 's'), 2 ** 20);
  assert.deepEqual(
    manifest.segments.map(({ frames, records }) => [frames, records]),
    [
      [1, 1],
      [3, 1],
      [1, 1],
      [1, 0],
    ],
  );
  assert.ok(readdirSync(join(folder.path, 's')).every((name) => name.startsWith('raw.')));
  const out = join(folder.path, 'out');
  mkdirSync(out);
  unpackStock('cpio', image, out);
  const [got, expected] = [out, root].map((path) => readFileSync(join(path, 'large')));
  assert.ok(got?.equals(expected as Buffer));
});

test('a tree that changes while it is packed is no image', async () => {
  using folder = temporary();
  const root = join(folder.path, 'root');
  mkdirSync(root);
  for (const [i, [change, reason]] of [
    [() => appendFileSync(join(root, 'file'), 'more'), /^\/file changed while it was being packed: it grew$/],
    [
      () => writeFileSync(join(root, 'file'), ''),
      /^\/file changed while it was being packed: it was truncated$/,
    ],
    [() => rmSync(join(root, 'file')), /^\/file changed while it was being packed: ENOENT/],
  ].entries() as Iterable<[number, [() => void, RegExp]]>) {
    writeFileSync(join(root, 'file'), 'content\n');
    const tree = await scanTree(root);
    assert.ok(tree.ok);
    const plan = planArchive(tree.value.entries, tree.value.devices);
    assert.ok(plan.ok);
    change();
    const scratch = join(folder.path, `s${i}`);
    mkdirSync(scratch);
    const got = await packImage({
      root,
      plan: plan.value,
      facts: FACTS,
      level: 1,
      scratch,
      target: `${scratch}.image`,
    });
    assert.ok(!got.ok);
    assert.equal(got.problem.what, 'cannot pack the tree');
    assert.match(got.problem.why ?? '', reason);
  }
});

test('a zstd that fails ends the packing, with its words', async () => {
  using folder = temporary();
  const root = join(folder.path, 'root');
  mkdirSync(root);
  const scratch = join(folder.path, 'scratch');
  // The place of the second frame is taken: zstd refuses to overwrite it.
  mkdirSync(scratch);
  writeFileSync(join(scratch, 'frame.1'), '');
  const tree = await scanTree(root);
  assert.ok(tree.ok);
  const plan = planArchive(tree.value.entries, tree.value.devices);
  assert.ok(plan.ok);
  const target = join(folder.path, 'image');
  const got = await packImage({ root, plan: plan.value, facts: FACTS, level: 1, scratch, target });
  assert.ok(!got.ok);
  assert.equal(got.problem.what, 'zstd failed (exit code 1)');
  assert.match(got.problem.why ?? '', /already exists/);
  assert.match(got.problem.next ?? '', /^run it by hand: cd .* && zstd -q /);
});

test('the same tree gives the same bytes', async () => {
  using folder = temporary();
  const root = join(folder.path, 'odd');
  makeOddTree(root);
  const images = ['a', 'b'].map((name) => join(folder.path, name));
  for (const image of images) await packTree(root, image, `${image}.scratch`, 4096);
  const [a, b] = images.map((image) => readFileSync(image));
  assert.ok(a?.equals(b as Buffer));
});

test('a bit flipped anywhere in the payload is noticed', async () => {
  using folder = temporary();
  const root = join(folder.path, 'odd');
  makeOddTree(root);
  const image = join(folder.path, 'image');
  const manifest = await packTree(root, image, join(folder.path, 's'), 2 ** 20);
  const whole = readFileSync(image);
  const payload = manifest.segments.reduce((sum, segment) => sum + segment.size, HEAD_SIZE);
  for (let i = 0; i < 20; i++) {
    const at = Math.floor((payload * i) / 20) + HEAD_SIZE + 7;
    const broken = Buffer.from(whole);
    broken[at] = (broken[at] as number) ^ 0x10;
    writeFileSync(image, broken);
    const got = await readRecords(image, 'cpio', { onRecord: () => undefined });
    assert.ok(!got.ok, `byte ${at} was flipped`);
    assert.match(got.problem.what, /^(cannot read the image|the image is damaged)$/);
  }
});
