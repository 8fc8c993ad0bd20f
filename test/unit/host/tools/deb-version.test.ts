import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareVersions } from '../../../../src/host/tools/deb-version.js';

test('versions are ordered as dpkg orders them', () => {
  // Each is older than the next: dpkg --compare-versions A lt B says so of all of these.
  const order = [
    '1~~',
    '1~~a',
    '1~',
    '1-0~bpo1',
    '1',
    '1-1',
    '1-1+b1',
    '1-1+b10',
    '1a',
    '1+',
    '1.0',
    '1.1',
    '1.9',
    '1.10',
    '2-1',
    '1:0.1',
    '1:1-1',
  ];
  for (const [i, a] of order.entries()) {
    for (const [j, b] of order.entries())
      assert.equal(Math.sign(compareVersions(a, b)), Math.sign(i - j), `${a} and ${b}`);
  }
  assert.equal(compareVersions('1.0', '1.00'), 0);
});
