import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { newcHead, newcHeadText } from '../../../../src/core/archive/cpio.js';
import {
  compareNames,
  decodeName,
  encodeName,
  isBelow,
  isWithin,
  quoteName,
  sortByName,
  unquoteName,
} from '../../../../src/core/text/path.js';

test('any bytes survive decoding and encoding, and JSON', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const name = JSON.parse(JSON.stringify(decodeName(bytes))) as string;
      assert.deepEqual([...encodeName(name)], [...bytes]);
    }),
    { numRuns: 2000 },
  );
});

test('what only looks like UTF-8 survives: halves of surrogate pairs, overlong forms, beyond the last character', () => {
  const invalid = [
    ...[
      [0xed, 0xa0, 0x80],
      [0xed, 0xbf, 0xbf],
      [0xed, 0xb2, 0x80],
    ],
    ...[
      [0xc0, 0x80],
      [0xe0, 0x9f, 0xbf],
      [0xf0, 0x8f, 0xbf, 0xbf],
      [0xf4, 0x90, 0x80, 0x80],
    ],
  ];
  for (const bytes of invalid) {
    const name = decodeName(Uint8Array.from(bytes));
    assert.equal(name.length, bytes.length, 'each byte by itself');
    assert.deepEqual([...encodeName(name)], bytes);
  }
  for (const bytes of [
    [0xed, 0x9f, 0xbf],
    [0xee, 0x80, 0x80],
    [0xe0, 0xa0, 0x80],
    [0xf4, 0x8f, 0xbf, 0xbf],
  ])
    assert.equal(decodeName(Uint8Array.from(bytes)), new TextDecoder().decode(Uint8Array.from(bytes)));
});

test('valid UTF-8 stays readable', () => {
  assert.equal(decodeName(new TextEncoder().encode('größe 文 🙂')), 'größe 文 🙂');
});

test('names are ordered by their bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 6 }), fc.uint8Array({ maxLength: 6 }), (a, b) => {
      const got = Math.sign(compareNames(decodeName(a), decodeName(b)));
      assert.equal(got, Buffer.compare(a, b));
    }),
    { numRuns: 2000 },
  );
});

test("names are quoted in git's style, and only where needed", () => {
  assert.equal(quoteName('a b/größe'), 'a b/größe');
  assert.equal(quoteName('a\nb"\\'), '"a\\nb\\"\\\\"');
  assert.equal(quoteName(decodeName(Uint8Array.of(0x61, 0xff, 0x01))), '"a\\377\\001"');
});

test('what a terminal would obey is quoted: controls of ISO 6429, turned directions; and read back', () => {
  assert.equal(quoteName('a\x9b31m'), '"a\\302\\23331m"');
  assert.equal(quoteName('txt\u202egpj'), '"txt\\342\\200\\256gpj"');
  assert.equal(quoteName('שלום'), 'שלום');
  for (const code of [0x85, 0x61c, 0x200e, 0x202a, 0x2069]) {
    const name = `a${String.fromCodePoint(code)}b`;
    assert.equal(unquoteName(quoteName(name)), name);
  }
});

test('many names are sorted as two are compared', () => {
  // As every name: without a NUL.
  const name = fc
    .oneof(fc.string(), fc.uint8Array().map(decodeName))
    .map((text) => text.replaceAll('\0', '/'));
  fc.assert(
    fc.property(fc.array(name), (names) => {
      const items = names.map((path) => ({ path }));
      const got = sortByName(items, ({ path }) => path);
      assert.equal(got, items);
      assert.deepEqual(
        got.map(({ path }) => path),
        names.toSorted(compareNames),
      );
    }),
  );
});

test('the head of a record as text is the head as bytes, where the name is ASCII', () => {
  const header = { ino: 0xffffffff, mode: 0o100644, uid: 1, gid: 2, nlink: 1, mtime: 3, size: 0xabc };
  for (const name of ['a', 'ab', 'abc', 'new\nline', 'etc/passwd', 'ü', 'a\udcff', '\udcff\udcfe', '😀']) {
    const text = newcHeadText({ ...header, rdevMajor: 0, rdevMinor: 0 }, name);
    const bytes = newcHead({ ...header, rdevMajor: 0, rdevMinor: 0 }, name);
    if (text === undefined) assert.ok(/[^\n-~]/.test(name), name);
    else assert.deepEqual(Buffer.from(text, 'latin1'), Buffer.from(bytes));
  }
});

test('below a folder is neither the folder itself nor what only begins alike', () => {
  assert.deepEqual(
    ['/srv/a', '/srv/a/b', '/srv', '/srvx/a', '/'].map((path) => isBelow(path, '/srv')),
    [true, true, false, false, false],
  );
  assert.ok(isBelow('/srv', '/') && !isBelow('/', '/'));
  assert.ok(isWithin('/srv', '/srv') && isWithin('/srv/a', '/srv') && !isWithin('/srvx', '/srv'));
});
