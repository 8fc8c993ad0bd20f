/** Archives of several images as one: each stays in its folder, or nothing is joined. */
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
import { ArchiveParser, type ArchiveRecord } from '../../../../src/core/archive/parser.js';
import { type ImageToJoin, joinArchives } from '../../../../src/core/image/joined.js';
import { concatBytes } from '../../../../src/core/text/bytes.js';
import { encodeName } from '../../../../src/core/text/path.js';

const NONE = { uid: 0, gid: 0, nlink: 1, mtime: 5, rdevMajor: 0, rdevMinor: 0 };

function record(path: string, mode: number, data = '', ino = 1): Uint8Array {
  const content = encodeName(data);
  const head = newcHead({ ...NONE, ino, mode, size: content.length }, path);
  return concatBytes([head, content, new Uint8Array(newcPadding(content.length))]);
}

const dir = (path: string, ino = 1): Uint8Array => record(path, S_IFDIR | 0o755, '', ino);
const file = (path: string, data: string, ino = 2): Uint8Array => record(path, S_IFREG | 0o644, data, ino);

function image(records: readonly Uint8Array[], more: Partial<ImageToJoin> = {}): ImageToJoin {
  const archive = concatBytes([...records, newcTrailer()]);
  const root = { mode: 0o711, uid: 7, gid: 8 };
  return {
    folder: 'one',
    archive,
    root,
    records: records.length,
    whiteouts: [],
    files: [],
    marked: [],
    ...more,
  };
}

function joined(images: readonly ImageToJoin[]): string[] {
  const found = joinArchives(images);
  assert.equal(found.wrong, undefined);
  const lines: string[] = [];
  const contents: string[] = [];
  const parser = new ArchiveParser({
    onRecord: ({ path, mode, ino, uid, rdevMajor, rdevMinor }: ArchiveRecord) => {
      contents.push('');
      lines.push(`${ino} ${mode.toString(8)} ${uid} ${path} ${rdevMajor}:${rdevMinor}`);
    },
    onData: (piece) => {
      contents[contents.length - 1] += Buffer.from(piece).toString();
    },
  });
  const pieces = (found as { pieces: readonly Uint8Array[] }).pieces;
  assert.equal(parser.take(concatBytes(pieces)) ?? parser.end(), undefined);
  assert.equal((found as { names: number }).names, lines.length);
  return lines.map((line, i) => (contents[i] === '' ? line : `${line} ${contents[i]}`));
}

test('each in its own folder, with inodes of its own, its root as the manifest has it, and its deletions', () => {
  const one = image([dir('.'), file('a', 'first')]);
  const two = image([dir('.'), dir('d', 2), file('d/b', 'second!', 3)], {
    folder: 'two',
    whiteouts: ['d/gone'],
  });
  assert.deepEqual(joined([one, two]), [
    '1 40711 7 one 0:0',
    '2 100644 0 one/a 0:0 first',
    '3 40711 7 two 0:0',
    '4 40755 0 two/d 0:0',
    '5 100644 0 two/d/b 0:0 second!',
    '6 20000 0 two/d/gone 0:0',
  ]);
  assert.equal(S_IFCHR, 0o20000);
});

test('names of one file stay names of one file, and of no other image', () => {
  const both = [file('a', '', 2 ** 32 - 1), file('b', 'content', 2 ** 32 - 1)];
  const lines = joined([image([dir('.'), ...both]), image([dir('.'), ...both], { folder: 'two' })]);
  const inodes = lines.filter((line) => /\/[ab] /.test(line)).map((line) => line.split(' ')[0]);
  assert.deepEqual(inodes, ['2', '2', '4', '4']);
});

const REFUSED: Readonly<Record<string, ImageToJoin>> = {
  'a name that leads out': image([dir('.'), file('../x', '')]),
  'an absolute name': image([dir('.'), file('/etc/x', '')]),
  'a name below a link': image([dir('.'), record('l', S_IFLNK | 0o777, '/etc'), file('l/x', '')]),
  'a name in a folder that is not there': image([dir('.'), file('d/x', '')]),
  'a folder that becomes a link': image([dir('.'), dir('d'), record('d', S_IFLNK | 0o777, '/etc')]),
  'a root that is a link': image([record('.', S_IFLNK | 0o777, '/etc')].slice(1)),
  'no root': image([dir('d')]),
  'fewer records than the manifest lists': image([dir('.')], { records: 2 }),
  'a deletion of what it has': image([dir('.'), file('a', '')], { whiteouts: ['a'] }),
  'a deletion in a folder that it lacks': image([dir('.')], { whiteouts: ['d/a'] }),
  'a file beside it below a link': image([dir('.'), record('l', S_IFLNK | 0o777, '/etc')], {
    files: ['l/x'],
  }),
  'a file beside it that it has': image([dir('.'), file('a', '')], { files: ['a'] }),
  'an attribute below a link': image([dir('.'), record('l', S_IFLNK | 0o777, '/etc')], { marked: ['l/x'] }),
  'an inode that is a link and a folder': image([
    dir('.'),
    record('l', S_IFLNK | 0o777, '/etc', 9),
    record('d', S_IFDIR | 0o755, '', 9),
    file('d/x', '', 10),
  ]),
  'an archive that ends early': image([dir('.')], { archive: dir('.').subarray(0, 100) }),
  'something else': image([dir('.')], { archive: new Uint8Array(500) }),
};

for (const [what, refused] of Object.entries(REFUSED)) {
  test(`not joined: ${what}`, () => {
    const good = image([dir('.')], { folder: 'good' });
    assert.match(joinArchives([good, refused]).wrong ?? '', /^one: /);
  });
}
