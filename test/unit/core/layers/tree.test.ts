/** Trees out of archives, and what differs between two. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  newcHead,
  newcPadding,
  newcTrailer,
  S_IFCHR,
  S_IFDIR,
  S_IFLNK,
  S_IFREG,
} from '../../../../src/core/archive/cpio.js';
import { ArchiveParser } from '../../../../src/core/archive/parser.js';
import type { Manifest } from '../../../../src/core/image/manifest.js';
import { diffLines, diffTrees, filesOfOneSize, withDigests } from '../../../../src/core/layers/diff.js';
import { modeText } from '../../../../src/core/layers/entry-text.js';
import { showLayer, showLines } from '../../../../src/core/layers/show.js';
import { type LayerTree, TreeCollector, type TreeOptions } from '../../../../src/core/layers/tree.js';
import { concatBytes } from '../../../../src/core/text/bytes.js';
import { encodeName } from '../../../../src/core/text/path.js';
import { entry, layer, tree } from './make.js';

/** A record: name, mode, content, and what else is not 0. */
function record(
  name: string,
  mode: number,
  data = '',
  more: { ino?: number; nlink?: number } = {},
): Uint8Array {
  const bytes = encodeName(data);
  const plain = { ino: 0, nlink: 1, uid: 0, gid: 0, mtime: 0, rdevMajor: 0, rdevMinor: 0 };
  const head = newcHead({ ...plain, mode, size: bytes.length, ...more }, name);
  return concatBytes([head, bytes, new Uint8Array(newcPadding(bytes.length))]);
}

const ARCHIVE = concatBytes([
  record('.', S_IFDIR | 0o755),
  record('a', S_IFREG | 0o644, 'content', { ino: 1 }),
  record('gone', S_IFCHR),
  record('link', S_IFLNK | 0o777, 'to-\udcff'),
  record('x', S_IFREG | 0o600, '', { ino: 7, nlink: 2 }),
  record('y', S_IFREG | 0o600, 'shared', { ino: 7, nlink: 2 }),
  newcTrailer(),
]);

function collect(
  options?: TreeOptions,
  image = layer('a', { deletions: ['old'], opaque: ['.'] }),
): LayerTree {
  const collector = new TreeCollector(options);
  const parser = new ArchiveParser(collector);
  for (let at = 0; at < ARCHIVE.length; at += 50) parser.take(ARCHIVE.slice(at, at + 50));
  assert.equal(parser.end(), undefined);
  assert.equal(collector.records, 6);
  return collector.finish(image.manifest);
}

/** What was hashed stands for its digest. */
const hasher = () => {
  let text = '';
  return {
    update(piece: Uint8Array): void {
      for (const byte of piece) text += String.fromCharCode(byte);
    },
    digest: () => `<${text}>`,
  };
};

test('an archive as a tree: links, names of one inode, whiteouts of both kinds', () => {
  const { entries, whiteouts, opaque } = collect({ hasher });
  assert.deepEqual([...entries.keys()], ['.', 'a', 'link', 'x', 'y']);
  assert.deepEqual([...whiteouts], ['gone', 'old']);
  assert.deepEqual([...opaque], ['.']);
  assert.equal(entries.get('link')?.target, 'to-\udcff');
  assert.equal(entries.get('a')?.digest, '<content>');
  for (const name of ['x', 'y']) {
    assert.deepEqual([entries.get(name)?.size, entries.get(name)?.digest], [6, '<shared>'], name);
  }
});

test('of a file system: attributes that it carries itself, and no digest of what nobody read', () => {
  const collector = new TreeCollector({ hasher });
  const plain = { uid: 0, gid: 0, mtime: 0, rdevMajor: 0, rdevMinor: 0, nameSize: 2, nlink: 1 };
  const values = { 'user.a': 'eA==' };
  const own = { ...plain, mode: S_IFREG | 0o644, attributes: () => values };
  collector.onRecord({ ...own, path: 'a', ino: 1, size: 5 });
  collector.onRecord({ ...own, path: 'empty', ino: 2, size: 0, attributes: () => ({}) });
  const { entries, attributes } = collector.finish(undefined);
  assert.deepEqual(
    [...entries.values()].map(({ path, digest }) => [path, digest]),
    [
      ['a', undefined],
      ['empty', '<>'],
    ],
  );
  assert.deepEqual([...attributes], [['a', values]]);
});

test('a manifest has the attributes of an inode under one of its names: they are those of all', () => {
  const values = { 'user.a': 'eA==' };
  const image = layer('a', {});
  const manifest = { ...(image.manifest as Manifest), attributes: [{ path: 'x', values }] };
  const { attributes } = collect({}, { ...image, manifest });
  assert.deepEqual(
    [...attributes],
    [
      ['x', values],
      ['y', values],
    ],
  );
});

test('only the paths that were asked for', () => {
  const { entries, whiteouts } = collect({ only: new Set(['.', 'x', 'old']) });
  assert.deepEqual([...entries.keys()], ['.', 'x']);
  assert.deepEqual([...whiteouts], ['old']);
  // The content came with a name that was not.
  assert.equal(entries.get('x')?.size, 6);
});

test('what differs, aspect by aspect', () => {
  const file = entry('f', 'f', { size: 5, digest: 'one' });
  const differs = (more: Parameters<typeof entry>[2]): string => {
    const found = diffTrees(
      { name: 'a', tree: tree([file]) },
      { name: 'b', tree: tree([{ ...file, ...more }]) },
    );
    return found.differences.flatMap(({ aspects }) => aspects).join();
  };
  assert.equal(differs({}), '');
  assert.equal(differs({ mode: 0o600 }), 'mode');
  assert.equal(differs({ gid: 1 }), 'owner');
  assert.equal(differs({ size: 6 }), 'size');
  assert.equal(differs({ digest: 'two' }), 'content');
  assert.equal(differs({ mtime: 9 }), 'mtime');
  assert.equal(differs({ type: 'l', target: 'x' }), 'kind');
  const pair = (a: LayerTree, b: LayerTree) =>
    diffTrees({ name: 'a', tree: a }, { name: 'b', tree: b }).differences.map(({ aspects }) =>
      aspects.join(),
    );
  assert.deepEqual(pair(tree([entry('l', 'l', { target: 'x' })]), tree([entry('l', 'l', { target: 'y' })])), [
    'target',
  ]);
  const device = (minor: number) => tree([entry('c', 'c', { device: [1, minor] })]);
  assert.deepEqual([pair(device(3), device(3)), pair(device(3), device(5))], [[], ['device']]);
  const dir = entry('d', 'd');
  // Times of folders change with whatever is in them.
  assert.deepEqual(pair(tree([dir]), tree([{ ...dir, mtime: 9 }])), []);
  assert.deepEqual(pair(tree([dir]), tree([dir], [], ['d'])), ['opaque']);
  assert.deepEqual(pair(tree([dir]), tree([], ['d'])), ['kind']);
  assert.deepEqual(pair(tree([], ['d']), tree([], ['d'])), []);
  const attributes = new Map([['d', { 'user.x': 'eA==' }]]);
  assert.deepEqual(pair(tree([dir]), { ...tree([dir]), attributes }), ['attributes']);
});

test('contents that nobody compared are counted', () => {
  const one = tree([entry('f', 'f', { size: 5 }), entry('empty'), entry('g', 'f', { size: 1 })]);
  const other = tree([entry('f', 'f', { size: 5 }), entry('empty'), entry('g', 'f', { size: 2 })]);
  const [a, b] = [
    { name: 'a', tree: one },
    { name: 'b', tree: other },
  ];
  assert.deepEqual(diffTrees(a, b).notCompared, ['f']);
  assert.match(
    diffLines(diffTrees(a, b)).at(-1) ?? '',
    /^1 difference, 2 the same; 1 file of the same size not read: their contents may differ$/,
  );
  assert.deepEqual(filesOfOneSize(one, other), ['f']);
  const known = { ...b, tree: withDigests(other, new Map([['f', 'x']])) };
  // Nor is it known whether the content differs where something else does.
  const newer = tree([entry('f', 'f', { size: 5, mtime: 9 })]);
  assert.deepEqual(diffTrees(a, { name: 'b', tree: newer }).notCompared, ['f']);
  // A digest of one side alone compares nothing.
  assert.deepEqual(diffTrees(a, known).notCompared, ['f']);
  const both = { ...a, tree: withDigests(one, new Map([['f', 'y']])) };
  assert.deepEqual([diffTrees(both, known).notCompared, diffTrees(both, known).differences.length], [[], 2]);
});

test('show tells attributes, and quotes what needs it', () => {
  const attributes = new Map([['a', { 'user.b': 'eA==', 'security.capability': 'eA==' }]]);
  const held = { ...tree([entry('a', 'f', { size: 3, mode: 0o4755 })], ['new\nline']), attributes };
  assert.deepEqual(showLines(showLayer(layer('n'), held)), [
    '-rwsr-xr-x  0:0  3  1970-01-01 00:00:00  /a  (security.capability, user.b)',
    'deleted                                  "/new\\nline"',
    'n: 1 file, 1 deletion, 1 entry with attributes, unverified: it has no manifest',
  ]);
});

test('modes as ls shows them', () => {
  const told = (type: 'f' | 'd' | 'c', mode: number) => modeText({ type, mode });
  assert.equal(told('f', 0o644), '-rw-r--r--');
  assert.equal(told('d', 0o1777), 'drwxrwxrwt');
  assert.equal(told('c', 0o000), 'c---------');
  assert.equal(told('f', 0o7000), '---S--S--T');
  assert.equal(told('f', 0o6755), '-rwsr-sr-x');
});
