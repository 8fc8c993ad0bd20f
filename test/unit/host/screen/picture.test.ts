import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inflateSync } from 'node:zlib';
import { Picture, parsePpm } from '../../../../src/host/screen/picture.js';

const RED = [255, 0, 0];
const BLUE = [0, 0, 255];
const bytes = Uint8Array.from([...RED, ...BLUE, ...BLUE, ...BLUE]);
const ppm = (head: string) => Buffer.concat([Buffer.from(head), bytes]);

test('a picture as QEMU writes it: points, colours, shares', () => {
  const picture = parsePpm(ppm('P6\n2 2\n255\n'));
  assert.deepEqual([picture.width, picture.height, picture.colours()], [2, 2, 2]);
  assert.deepEqual([picture.at(0, 0), picture.at(1, 1)], [RED, BLUE]);
  assert.equal(picture.share([0, 0, 255]), 0.75);
  assert.equal(picture.share([10, 0, 250], 10), 0.75);
  assert.throws(() => picture.at(2, 0), RangeError);
  assert.throws(() => parsePpm(ppm('P6\n3 2\n255\n')), /truncated/);
  assert.throws(() => parsePpm(ppm('P5\n2 2\n255\n')), /not a picture/);
});

test('as PNG, and enlarged', () => {
  const large = new Picture(2, 2, bytes).enlarged(2);
  assert.deepEqual([large.at(1, 1), large.at(2, 1), large.at(1, 2)], [RED, BLUE, BLUE]);
  const png = new Picture(2, 2, bytes).png();
  assert.equal(png.toString('latin1', 1, 4), 'PNG');
  const data = png.indexOf('IDAT');
  const rows = inflateSync(png.subarray(data + 4, data + 4 + png.readUInt32BE(data - 4)));
  assert.deepEqual([...rows], [0, ...RED, ...BLUE, 0, ...BLUE, ...BLUE]);
});
