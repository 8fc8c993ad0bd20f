/** Records of pax archives: what a header holds, and what goes into keywords before it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PaxRecord, paxHeader, paxPadding } from '../../../../src/core/archive/pax.js';

const FILE: PaxRecord = {
  ...{ path: 'etc/a', mode: 0o100640, uid: 1, gid: 2, mtime: 1_000_000_000, size: 513 },
  ...{ rdevMajor: 0, rdevMinor: 0 },
};
const text = (bytes: Uint8Array, from: number, to: number): string =>
  Buffer.from(bytes.subarray(from, to)).toString('latin1').replace(/\0+$/, '');

/** The headers of a record, each in a block of its own, and the keywords before the last. */
function parse(record: PaxRecord): { readonly head: Uint8Array; readonly keywords: [string, Buffer][] } {
  const bytes = paxHeader(record);
  assert.equal(bytes.length % 512, 0);
  const head = bytes.subarray(bytes.length - 512);
  const sum = [...head].reduce((all, byte, i) => all + (i >= 148 && i < 156 ? 0x20 : byte), 0);
  assert.equal(text(head, 148, 155), sum.toString(8).padStart(6, '0'));
  const keywords: [string, Buffer][] = [];
  if (bytes.length > 512) {
    assert.equal(text(bytes, 156, 157), 'x');
    const content = Buffer.from(bytes.subarray(512, 512 + Number.parseInt(text(bytes, 124, 136), 8)));
    for (let at = 0; at < content.length; ) {
      const space = content.indexOf(' ', at);
      const length = Number(content.subarray(at, space).toString());
      const equals = content.indexOf('=', space);
      assert.equal(content[at + length - 1], 0x0a);
      keywords.push([
        content.subarray(space + 1, equals).toString('latin1'),
        content.subarray(equals + 1, at + length - 1),
      ]);
      at += length;
    }
  }
  return { head, keywords };
}

test('a file that fits into a header has nothing before it', () => {
  const { head, keywords } = parse(FILE);
  assert.deepEqual(keywords, []);
  assert.deepEqual(
    [
      [0, 100],
      [100, 108],
      [108, 116],
      [116, 124],
      [124, 136],
      [136, 148],
      [156, 157],
      [257, 265],
    ].map(([from = 0, to = 0]) => text(head, from, to)),
    ['etc/a', '0000640', '0000001', '0000002', '00000001001', '07346545000', '0', 'ustar\x0000'],
  );
  assert.deepEqual([0, 1, 512, 513].map(paxPadding), [0, 511, 0, 511]);
});

test('every kind of file has its letter, and devices their numbers, also 0', () => {
  const type = (record: Partial<PaxRecord>): string =>
    text(parse({ ...FILE, size: 0, ...record }).head, 156, 157);
  assert.equal(type({ mode: 0o40755 }), '5');
  assert.equal(type({ mode: 0o10644 }), '6');
  assert.equal(type({ mode: 0o60644, rdevMajor: 8 }), '4');
  assert.equal(type({ link: 'etc/b' }), '1');
  const link = parse({ ...FILE, size: 0, mode: 0o120777, target: '../b' });
  assert.deepEqual([text(link.head, 156, 157), text(link.head, 157, 257)], ['2', '../b']);
  const whiteout = parse({ ...FILE, size: 0, mode: 0o020000 });
  assert.deepEqual(
    [text(whiteout.head, 156, 157), text(whiteout.head, 329, 337), text(whiteout.head, 337, 345)],
    ['3', '0000000', '0000000'],
  );
  assert.throws(() => paxHeader({ ...FILE, mode: 0o140755 }), /no such type in an archive: etc\/a/);
});

test('what is too large for a header is in keywords: names by their bytes, owners, sizes, attributes', () => {
  const long = `${'d'.repeat(60)}/${'ü'.repeat(20)}`;
  const { head, keywords } = parse({
    ...{ ...FILE, path: long, link: `${long}x`, uid: 0o10000000, gid: 0o7777777, size: 2 ** 33 },
    attributes: { 'user.raw': Buffer.from([0, 0x0a, 0xff, 0x3d]).toString('base64'), 'user.none': '' },
  });
  assert.deepEqual(
    keywords.map(([key, value]) => [key, value.toString('latin1')]),
    [
      ['path', Buffer.from(long).toString('latin1')],
      ['linkpath', Buffer.from(`${long}x`).toString('latin1')],
      ['uid', '2097152'],
      ['size', '8589934592'],
      ['SCHILY.xattr.user.raw', '\0\n\xff='],
      ['SCHILY.xattr.user.none', ''],
    ],
  );
  assert.deepEqual([text(head, 108, 116), text(head, 116, 124)], ['0000000', '7777777']);
  // 100 bytes fit, and a byte that is no UTF-8 is one.
  assert.deepEqual(parse({ ...FILE, path: 'n'.repeat(100) }).keywords, []);
  assert.equal(parse({ ...FILE, path: `${'n'.repeat(100)}\udcff` }).keywords[0]?.[1].length, 101);
});

test('a keyword counts the digits of its own length', () => {
  // Around 10, 100 and 1000 bytes, where one digit more makes the record longer.
  for (const base of [60, 70, 80, 960, 970, 980]) {
    for (let more = 0; more < 12; more++) {
      const value = Buffer.alloc(base + more, 'v');
      const { keywords } = parse({ ...FILE, attributes: { 'user.v': value.toString('base64') } });
      assert.deepEqual(keywords, [['SCHILY.xattr.user.v', value]]);
    }
  }
});
