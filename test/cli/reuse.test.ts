/** A base packed again: unchanged segments are those of the earlier one, and the bytes those of packing everything. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Problem } from '../../src/core/result.js';
import type { EarlierImage } from '../../src/host/pack/kept-segments.js';
import { readImage } from '../../src/host/set/images.js';
import { packBase } from '../../src/host/steps/base.js';
import { temporary } from './cli.js';

const MiB = 2 ** 20;

/** Bytes that nothing makes smaller, the same ones for the same number. */
function noise(seed: number, bytes: number): Buffer {
  const block = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at += 65536) {
    const piece = createHash('shake256', { outputLength: 65536 }).update(`${seed} ${at}`).digest();
    piece.copy(block, at);
  }
  return block;
}

describe('a tree of 130 MiB, packed again and again', () => {
  const folder = temporary();
  const root = join(folder.path, 'root');
  let count = 0;
  before(() => {
    for (const name of ['etc', 'data', 'usr']) mkdirSync(join(root, name), { recursive: true });
    writeFileSync(join(root, 'etc/machine-id'), '');
    for (let i = 0; i < 60; i++) writeFileSync(join(root, `data/${i}`), noise(i, MiB));
    // A segment of two frames.
    writeFileSync(join(root, 'usr/large'), Buffer.alloc(70 * MiB));
    linkSync(join(root, 'data/7'), join(root, 'usr/linked'));
    symlinkSync('../data/8', join(root, 'usr/link'));
  });
  after(() => folder[Symbol.dispose]());

  async function pack(earlier?: EarlierImage, level = 1) {
    const scratch = join(folder.path, `scratch${count++}`);
    mkdirSync(scratch);
    const warnings: Problem[] = [];
    const settings = {
      ...{ machine: { hostname: 'x', suite: 'trixie', format: 'cpio' as const }, architecture: 'amd64' },
      ...{ level, version: '0', sourceDateEpoch: 2_000_000_000 },
    };
    const source = { root, kernelRelease: '6', scratch, tools: () => Promise.reject(new Error()), earlier };
    const packed = await packBase(settings, source, {
      emit: (event) => event.type === 'warning' && warnings.push(event.problem),
      signal: new AbortController().signal,
    });
    assert.ok(packed.ok, JSON.stringify(packed));
    const path = join(scratch, 'base.cpio.zst');
    const { keys = [], kept = 0 } = packed.value.segments ?? {};
    return { path, keys, changed: keys.length - kept, warnings };
  }

  /** Packs with and without an earlier image: the same file. Returns how many segments were packed. */
  async function again(earlier: EarlierImage, level?: number) {
    const made = await pack(earlier, level);
    const anew = await pack(undefined, level);
    assert.equal(anew.changed, anew.keys.length);
    assert.ok(readFileSync(made.path).equals(readFileSync(anew.path)), 'other bytes than packing everything');
    rmSync(join(anew.path, '..'), { recursive: true });
    return made;
  }

  const CHANGES: readonly (readonly [string, number, () => void])[] = [
    ['nothing', 0, () => undefined],
    [
      'content, with size and time as before',
      1,
      () => {
        const file = join(root, 'data/30');
        const { atime, mtime } = statSync(file);
        writeFileSync(file, noise(1000, MiB));
        utimesSync(file, atime, mtime);
      },
    ],
    ['a mode', 1, () => chmodSync(join(root, 'data/3'), 0o600)],
    // And the time of its folder, which is in the segment of the folders.
    ['a file more', 2, () => writeFileSync(join(root, 'data/31a'), 'more')],
    ['a file less', 2, () => rmSync(join(root, 'data/31a'))],
    ['another name', 2, () => renameSync(join(root, 'data/50'), join(root, 'data/50b'))],
    ['content by its other name', 1, () => writeFileSync(join(root, 'usr/linked'), noise(7000, MiB))],
    [
      'the target of a link',
      2,
      () => {
        rmSync(join(root, 'usr/link'));
        symlinkSync('../data/9', join(root, 'usr/link'));
      },
    ],
  ];

  test('only what changed is packed; every file is that of packing everything', async () => {
    let last = await pack();
    assert.ok(last.keys.length >= 5, String(last.keys.length));
    const info = readImage(last.path);
    assert.ok(info.ok && info.value.manifest?.segments.some(({ frames }) => frames > 1));
    for (const [what, most, change] of CHANGES) {
      change();
      const next = await again(last);
      assert.ok(next.changed <= most, `${what}: ${next.changed} segments were packed`);
      assert.equal(next.changed > 0, most > 0, what);
      assert.deepEqual(next.warnings, []);
      rmSync(join(last.path, '..'), { recursive: true });
      last = next;
    }
    execFileSync('sh', ['-c', 'zstd -dcq "$1" | cpio -it --quiet >/dev/null', 'sh', last.path]);
    assert.equal((await again(last, 2)).changed, last.keys.length, 'another level');
  });

  test('an earlier image that is damaged is packed again, with a warning; one that is none, without', async () => {
    const first = await pack();
    const fd = openSync(first.path, 'r+');
    for (const at of [20 * MiB, 40 * MiB]) writeSync(fd, 'damage', at);
    closeSync(fd);
    const made = await again(first);
    assert.deepEqual(
      made.warnings.map(({ code, where }) => [code, where]),
      [['image-damaged', first.path]],
    );
    assert.ok(made.changed >= 1 && made.changed <= 2, String(made.changed));
    writeFileSync(first.path, 'none');
    assert.equal((await again(first)).changed, first.keys.length);
    assert.equal((await again({ ...made, keys: made.keys.slice(1) })).changed, made.keys.length);
    assert.equal((await again({ ...made, path: `${made.path}.gone` })).changed, made.keys.length);
  });

  test('nothing but images is left in the scratch folders', () => {
    for (const name of readdirSync(folder.path)) {
      if (name === 'root') continue;
      const left = readdirSync(join(folder.path, name)).filter((file) => !/^(attempt|frame)/.test(file));
      assert.deepEqual(left, ['base.cpio.zst']);
    }
  });
});
