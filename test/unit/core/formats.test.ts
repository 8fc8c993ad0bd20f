import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { newcHead, newcTrailer, parseNewcHeader } from '../../../src/core/archive/cpio.js';
import { parseThese, printEntry, TreeParser } from '../../../src/core/archive/tree.js';
import { lastValue, parseCmdline, renderCmdline } from '../../../src/core/boot/cmdline.js';
import { parseDeviceName } from '../../../src/core/boot/device.js';
import { renderProblem } from '../../../src/core/result.js';
import { base64 } from '../../../src/core/text/bytes.js';
import { decodeName } from '../../../src/core/text/path.js';
import { formatBytes, parseRamSize } from '../../../src/core/text/size.js';

test('the kernel command line is split as the kernel does', () => {
  const got = parseCmdline(' quiet a=1\tb="x y" "c=p q" a=2 d= e="=\n"');
  assert.deepEqual(got, [
    { name: 'quiet' },
    { name: 'a', value: '1' },
    { name: 'b', value: 'x y' },
    { name: 'c', value: 'p q' },
    { name: 'a', value: '2' },
    { name: 'd', value: '' },
    { name: 'e', value: '=\n' },
  ]);
  assert.equal(lastValue(got, 'a'), '2');
  assert.equal(lastValue(got, 'quiet'), undefined);
});

test('base64 is what others make of the same bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      assert.equal(base64(bytes), Buffer.from(bytes).toString('base64'));
    }),
  );
});

test('what is rendered parses back', () => {
  const name = fc.stringMatching(/^[a-z_.]{1,10}$/);
  const value = fc.string().filter((text) => !text.includes('"'));
  const parameter = fc.record({ name, value });
  fc.assert(
    fc.property(fc.array(parameter), (parameters) => {
      const back = parseCmdline(renderCmdline(parameters));
      assert.deepEqual(
        back,
        parameters.map((parameter) => ({ ...parameter })),
      );
    }),
  );
  assert.throws(() => renderCmdline([{ name: 'a', value: '"' }]), /double quote/);
});

test('sizes of the RAM file system', () => {
  assert.deepEqual(parseRamSize('60%'), { percent: 60 });
  assert.deepEqual(parseRamSize('6G'), { bytes: 6 * 2 ** 30 });
  assert.deepEqual(parseRamSize('512m'), { bytes: 512 * 2 ** 20 });
  for (const bad of ['', '0%', '101%', '-1', '1.5G', '6GB', 'x', '0', '99999999999999T']) {
    assert.equal(parseRamSize(bad), undefined, bad);
  }
});

test('amounts for people', () => {
  assert.deepEqual([0, 1023, 1024, 1536, 10 * 2 ** 20, 2 ** 31].map(formatBytes), [
    '0 B',
    '1023 B',
    '1.00 KiB',
    '1.50 KiB',
    '10.0 MiB',
    '2.00 GiB',
  ]);
});

test('devices by path and by tag', () => {
  assert.deepEqual(parseDeviceName('/dev/sda1'), { by: 'path', path: '/dev/sda1' });
  assert.deepEqual(parseDeviceName('LABEL=a=b'), { by: 'tag', tag: 'LABEL', value: 'a=b' });
  for (const bad of ['', 'sda1', '/dev/', 'UUID=', 'ID=1', 'uuid=1'])
    assert.equal(parseDeviceName(bad), undefined, bad);
});

test('a newc header parses back', () => {
  const number = fc.integer({ min: 0, max: 0xffffffff });
  const header = fc.record({
    ino: number,
    mode: number,
    uid: number,
    gid: number,
    nlink: number,
    mtime: number,
    size: number,
    rdevMajor: number,
    rdevMinor: number,
  });
  fc.assert(
    fc.property(header, fc.uint8Array({ minLength: 1, maxLength: 300 }), (fields, name) => {
      const bytes = newcHead(fields, decodeName(name));
      assert.equal(bytes.length % 4, 0);
      const { nameSize, ...back } = parseNewcHeader(bytes) ?? { nameSize: 0 };
      assert.deepEqual(back, { ...fields });
      assert.equal(nameSize, name.length + 1);
      assert.deepEqual([...bytes.subarray(110, 110 + name.length)], [...name]);
    }),
  );
  assert.equal(newcTrailer().length, 124);
  assert.throws(() => newcHead({ ...zero, size: 2 ** 32 }, 'a'), RangeError);
});

const zero = { ino: 0, mode: 0, uid: 0, gid: 0, nlink: 0, mtime: 0, size: 0, rdevMajor: 0, rdevMinor: 0 };

test('bytes that are no newc header are told from it', () => {
  assert.equal(parseNewcHeader(new Uint8Array(109)), undefined);
  assert.equal(parseNewcHeader(new Uint8Array(200)), undefined);
  const crc = newcTrailer();
  crc[5] = 0x32; // "070702"
  assert.equal(parseNewcHeader(crc), undefined);
  const digit = newcTrailer();
  digit[20] = 0x67; // "g"
  assert.equal(parseNewcHeader(digit), undefined);
});

test("find's listing becomes a tree, sorted with folders before their content, however it is cut into pieces", () => {
  const records = ['f 4755 0 0 1 30 12 5 1700000000 1.5 8 b/x y//\0', 'd 755 0 0 3 30 11 4096 1 1.5 8 b//\0'];
  records.push('l 777 0 0 1 30 13 3 -2 1.5 0 a///to\n//\0', 'd 700 1 2 3 30 10 4096 1 1.5 8 //\0');
  const listing = new TextEncoder().encode(records.join(''));
  for (const size of [1, 2, 3, 5, 7, 30, listing.length]) {
    const parser = new TreeParser();
    for (let at = 0; at < listing.length; at += size) parser.take(listing.subarray(at, at + size));
    assert.deepEqual(
      parser.finish().map(({ path, type, mode, mtime, target }) => [path, type, mode, mtime, target]),
      [
        ['.', 'd', 0o700, 1, ''],
        ['a', 'l', 0o777, -2, '/to\n//'],
        ['b', 'd', 0o755, 1, ''],
        ['b/x y', 'f', 0o4755, 1700000000, ''],
      ],
      `pieces of ${size}`,
    );
  }
});

test("a listing of find's that ends in the middle of a record is not taken for a whole one", () => {
  const listing = new TextEncoder().encode('d 755 0 0 3 30 11 4096 1 1.5 8 b//\0');
  for (let size = 1; size < listing.length; size++) {
    const parser = new TreeParser();
    parser.take(listing.subarray(0, size));
    assert.throws(() => parser.finish(), /in the middle of a record/, `${size} bytes`);
  }
});

test('a printed entry is the record that find printed', () => {
  const records = [
    'f 4755 0 0 1 30 12 5 1700000000 1.5000 8 b/x y//\0',
    'l 777 0 0 1 30 13 3 -2 1.5 0 \udcff///to\n//\0',
    'f 600 1 2 3 30 view:30:9 4096 1  8 unsure//\0',
    'd 700 1 2 3 30 10 4096 1 1.5 8 //\0',
  ];
  assert.deepEqual(parseThese(records.join('')).map(printEntry), records);
});

test('a problem is rendered as labelled lines, with its code', () => {
  assert.deepEqual(renderProblem({ code: 'bug', what: 'w', where: '/x', why: 'a\nb', next: 'n' }), [
    'w: /x [bug]',
    '  why: a',
    '       b',
    '  next: n',
  ]);
});
