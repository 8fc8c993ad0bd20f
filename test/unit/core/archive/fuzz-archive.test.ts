/** Ten thousand damaged archives: each is refused with a reason, or read to its end; never a crash or a loop without end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { newcHead, newcPadding, newcTrailer, S_IFDIR, S_IFREG } from '../../../../src/core/archive/cpio.js';
import { ArchiveParser, type ArchiveRecord } from '../../../../src/core/archive/parser.js';
import { concatBytes } from '../../../../src/core/text/bytes.js';
import { decodeName } from '../../../../src/core/text/path.js';

const RUNS = 10_000;

function record(name: string, mode: number, data: string): Uint8Array {
  const header = {
    ino: 1,
    mode,
    uid: 0,
    gid: 0,
    nlink: 1,
    mtime: 0,
    size: data.length,
    rdevMajor: 0,
    rdevMinor: 0,
  };
  const bytes = new TextEncoder().encode(data);
  return concatBytes([newcHead(header, name), bytes, new Uint8Array(newcPadding(bytes.length))]);
}

const ARCHIVE = concatBytes([
  record('.', S_IFDIR | 0o755, ''),
  record('etc', S_IFDIR | 0o755, ''),
  record('etc/motd', S_IFREG | 0o644, 'hello'),
  record('etc/\udcff', S_IFREG | 0o644, 'x'.repeat(300)),
  newcTrailer(),
]);

/** Read an archive in pieces; what is wrong with it, if anything. */
function read(archive: Uint8Array, piece: number): { wrong: string | undefined; records: ArchiveRecord[] } {
  const records: ArchiveRecord[] = [];
  const parser = new ArchiveParser({
    want: (path, header) => path === 'etc/motd' && header.size < 1000,
    onRecord: (one) => records.push(one),
  });
  let wrong: string | undefined;
  for (let at = 0; at < archive.length && wrong === undefined; at += piece) {
    wrong = parser.take(archive.slice(at, at + piece));
  }
  return { wrong: wrong ?? parser.end(), records };
}

test('the whole archive is read, whatever the pieces', () => {
  for (const piece of [1, 7, 110, ARCHIVE.length]) {
    const { wrong, records } = read(ARCHIVE, piece);
    assert.equal(wrong, undefined);
    assert.deepEqual(
      records.map(({ path, data }) => [path, data === undefined ? undefined : decodeName(data)]),
      [
        ['.', undefined],
        ['etc', undefined],
        ['etc/motd', 'hello'],
        ['etc/\udcff', undefined],
      ],
    );
  }
});

test('a damaged archive is refused with a reason, or holds no more than it can', () => {
  let refused = 0;
  const change = fc.record({ at: fc.nat(ARCHIVE.length - 1), value: fc.nat(255), cut: fc.boolean() });
  fc.assert(
    fc.property(
      fc.array(change, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 900 }),
      (list, piece) => {
        let bytes = ARCHIVE.slice();
        for (const { at, value, cut } of list) {
          if (cut && value < 32) bytes = bytes.slice(0, at);
          else if (at < bytes.length) bytes[at] = value;
        }
        const { wrong, records } = read(bytes, piece);
        if (wrong !== undefined) {
          refused++;
          assert.match(wrong, /^it /);
        }
        assert.ok(records.length <= 4 + list.length, `${records.length} records out of four`);
      },
    ),
    { numRuns: RUNS },
  );
  assert.ok(refused > RUNS / 4, `only ${refused} were refused`);
});

test('data that is passed over comes in pieces, each once and none of another record', () => {
  for (const piece of [1, 7, 110, 200, ARCHIVE.length]) {
    const found: [string, number][] = [];
    const parser = new ArchiveParser({
      onRecord: ({ path }) => found.push([path, 0]),
      onData: (data) => {
        assert.ok(data.every((byte) => byte !== 0 && byte !== 0x30));
        (found.at(-1) as [string, number])[1] += data.length;
      },
    });
    for (let at = 0; at < ARCHIVE.length; at += piece) {
      const bytes = ARCHIVE.slice(at, at + piece);
      assert.equal(parser.take(bytes), undefined);
      bytes.fill(0x30); // used again by whoever reads
    }
    assert.equal(parser.end(), undefined);
    assert.deepEqual(found, [
      ['.', 0],
      ['etc', 0],
      ['etc/motd', 5],
      ['etc/\udcff', 300],
    ]);
  }
});
