/** What early boot makes of images, without a machine around it: exact trees, damage, and archives that mean harm. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  newcHead,
  newcPadding,
  newcTrailer,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFREG,
} from '../../src/core/archive/cpio.js';
import { encodeHead, encodeManifest, encodeSeekTable, HEAD_SIZE } from '../../src/core/image/image.js';
import type { Manifest } from '../../src/core/image/manifest.js';
import { concatBytes } from '../../src/core/text/bytes.js';
import { temporary } from './cli.js';
import { folderTimes, loadAll } from './early-boot.js';
import { packTree } from './pack.js';
import { describeTree, makeOddTree } from './tree.js';

const UTF8 = { encoding: 'utf8' } as const;

function folders({ path }: { path: string }): { images: string; out: string; scratch: string } {
  const made = { images: join(path, 'images'), out: join(path, 'out'), scratch: join(path, 'scratch') };
  for (const folder of Object.values(made)) mkdirSync(folder);
  return made;
}

test('every kind of file and name is loaded as it was packed, in segments of any size; folders keep their times', async () => {
  using parent = temporary();
  const { images, out, scratch } = folders(parent);
  const root = join(parent.path, 'odd');
  makeOddTree(root);
  execFileSync('find', [root, '-depth', '-type', 'd', '-exec', 'touch', '-d', '2002-02-02', '{}', ';']);
  for (const target of [1, 4096, 2 ** 20]) {
    await packTree(root, join(images, `${target}`), join(parent.path, `s${target}`), target);
  }
  const layer = { deletions: ['a/b/gone', 'gone'], opaque: [] };
  await packTree(root, join(images, 'layer'), join(parent.path, 's'), 2 ** 20, layer);
  for (const [name, { code, console, strangers }] of loadAll(images, out, scratch)) {
    assert.equal(code, 0, console);
    assert.equal(strangers, '');
    const tree = join(out, name, 'tree');
    if (name === 'layer') {
      for (const path of layer.deletions) {
        assert.equal(
          execFileSync('stat', ['-c', '%F %t %T', join(tree, path)], UTF8),
          'character special file 0 0\n',
        );
        execFileSync('sh', [
          '-c',
          'time=$(stat -c %y "$1"); rm "$2"; touch -d "$time" "$1"',
          'sh',
          dirname(join(tree, path)),
          join(tree, path),
        ]);
      }
    }
    assert.deepEqual(describeTree(tree), describeTree(root));
    assert.deepEqual(folderTimes(tree), folderTimes(root));
  }
});

test('an image that is damaged is never loaded: cut anywhere, or with a bit changed', async () => {
  using parent = temporary();
  const { images, out, scratch } = folders(parent);
  const root = join(parent.path, 'odd');
  makeOddTree(root);
  const whole = join(parent.path, 'whole');
  const manifest = await packTree(root, whole, join(parent.path, 's'), 2 ** 20);
  const bytes = readFileSync(whole);
  const payload = manifest.segments.reduce((sum, { size }) => sum + size, 0);
  for (const share of [0, 0.2, 0.5, 0.9]) {
    const at = HEAD_SIZE + Math.floor(payload * share) + 5;
    const flipped = Buffer.from(bytes);
    flipped[at] = (flipped[at] as number) ^ 16;
    writeFileSync(join(images, `flip-${share}`), flipped);
    // The end is there, with the manifest; something in the middle is missing.
    const cut = Buffer.concat([bytes.subarray(0, at), Buffer.alloc(50), bytes.subarray(at + 50)]);
    writeFileSync(join(images, `zeros-${share}`), cut);
    writeFileSync(join(images, `cut-${share}`), bytes);
    truncateSync(join(images, `cut-${share}`), at);
  }
  const file = { name: 'a', kind: S_IFREG, target: '', ino: 1, nlink: 1, uid: 0 };
  // The file and the folder it lies in are two.
  for (const more of [2, 0, -1]) {
    writeFileSync(join(images, `count${more}`), evilImage({ first: [], second: [file], more }, manifest));
  }
  for (const [name, { code, console, strangers }] of loadAll(images, out, scratch)) {
    assert.notEqual(code, 0, `${name} was loaded`);
    assert.match(console, /\[unpacking-failed\]|truncated|\[image-incomplete\]/, name);
    assert.equal(strangers, '', name);
  }
});

/** Names that lead somewhere: up, to the root, through links that other records make, or nowhere. */
const NAMES = [
  '.',
  '..',
  '/',
  'a',
  'a/b',
  'a/../../x',
  '../x',
  '../../../x',
  '/x',
  '/usr/bin/x',
  '/lib',
  '/target',
  'l',
  'l/x',
  'l/usr/x',
  'l/l/x',
  'm',
  'm/x',
  'usr',
  'usr/x',
  'a//b',
  './a',
  'a/.',
  'proc/1/root/x',
  '\u0001',
  'x'.repeat(300),
  'n/'.repeat(600),
];
const TARGETS = [
  '/',
  '..',
  '../..',
  '/usr',
  '/usr/bin',
  'a',
  'l',
  '.',
  '/target',
  '/proc/1/root',
  '../jail',
  '',
];
const S_IFSOCK = 0o140000;
const KINDS = [S_IFREG, S_IFREG, S_IFDIR, S_IFLNK, S_IFLNK, S_IFIFO, S_IFCHR, S_IFBLK, S_IFSOCK, 0];

interface EvilRecord {
  readonly name: string;
  readonly kind: number;
  readonly target: string;
  readonly ino: number;
  readonly nlink: number;
  readonly uid: number;
}

const evilRecord: fc.Arbitrary<EvilRecord> = fc.record({
  name: fc.constantFrom(...NAMES),
  kind: fc.constantFrom(...KINDS),
  target: fc.constantFrom(...TARGETS),
  ino: fc.integer({ min: 1, max: 3 }),
  nlink: fc.constantFrom(1, 1, 2, 3, 0xffffffff),
  uid: fc.constantFrom(0, 0, 1000, 0xffffffff),
});
interface EvilArchive {
  readonly first: readonly EvilRecord[];
  readonly second: readonly EvilRecord[];
  /** How many files the manifest tells more than the archive has. */
  readonly more: number;
}

const evilArchive: fc.Arbitrary<EvilArchive> = fc.record({
  first: fc.array(evilRecord, { maxLength: 6 }),
  second: fc.array(evilRecord, { minLength: 1, maxLength: 12 }),
  more: fc.constantFrom(0, 0, 0, -1, 1),
});

function recordBytes({ name, kind, target, ino, nlink, uid }: EvilRecord): Uint8Array {
  const data = kind === S_IFREG ? 'evil' : kind === S_IFLNK ? target : '';
  const bytes = new TextEncoder().encode(data);
  const header = {
    ino,
    mode: kind | 0o755,
    uid,
    gid: 0,
    nlink,
    mtime: 1,
    size: bytes.length,
    rdevMajor: 1,
    rdevMinor: 3,
  };
  return concatBytes([newcHead(header, name), bytes, new Uint8Array(newcPadding(bytes.length))]);
}

function evilImage({ first, second, more }: EvilArchive, manifest: Manifest): Uint8Array {
  const raw = [concatBytes(first.map(recordBytes)), concatBytes(second.map(recordBytes)), newcTrailer()];
  const packed = raw.map((input) => execFileSync('zstd', ['-1qc', '--check'], { input }));
  const records = [first.length, Math.max(0, second.length + more), 0];
  const segments = raw.map(({ length }, i) => ({
    size: packed[i]?.length as number,
    bytes: length,
    ...{ frames: 1, records: records[i] as number, sha256: 'cd'.repeat(32) },
  }));
  const frame = encodeManifest({ ...manifest, attributes: [], segments });
  const table = [
    { size: HEAD_SIZE, bytes: 0 },
    ...segments.map(({ size, bytes }) => ({ size, bytes })),
    { size: frame.length, bytes: 0 },
  ];
  return concatBytes([encodeHead(), ...packed, frame, encodeSeekTable(table)]);
}

/** The same archive without a manifest. */
function plainArchive({ first, second }: EvilArchive): Uint8Array {
  const input = concatBytes([...[...first, ...second].map(recordBytes), newcTrailer()]);
  return execFileSync('zstd', ['-1qc'], { input });
}

const EVIL = process.env.MKMA_TEST_LONG === '1' ? 300 : 60;

test(`${EVIL} archives that lead out of their folder, by links, names and kinds: nothing is written outside`, async () => {
  using parent = temporary();
  const { images, out, scratch } = folders(parent);
  const root = join(parent.path, 'plain');
  mkdirSync(root);
  const manifest = await packTree(root, join(parent.path, 'plain.image'), join(parent.path, 's'), 2 ** 20);
  const seed = Number(process.env.MKMA_TEST_SEED ?? Date.now() % 2 ** 31);
  for (const [i, archive] of fc.sample(evilArchive, { numRuns: EVIL, seed }).entries()) {
    // Every third as other tools would pack it.
    const image = i % 3 === 2 ? plainArchive(archive) : evilImage(archive, manifest);
    writeFileSync(join(images, String(i).padStart(3, '0')), image);
  }
  const results = [...loadAll(images, out, scratch)];
  for (const [name, { code, console, strangers }] of results) {
    const told = `MKMA_TEST_SEED=${seed}, image ${name}:\n${console}`;
    assert.equal(strangers, '', told);
    // 1: refused, with words. Anything else would be a crash, or the limit of time.
    assert.ok(code === 0 || (code === 1 && console !== ''), `exit code ${code}; ${told}`);
  }
  assert.ok(
    results.some(([, { console }]) => /\[archive-escapes\]/.test(console)),
    `seed ${seed}`,
  );
});
