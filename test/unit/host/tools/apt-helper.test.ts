import assert from 'node:assert/strict';
import { test } from 'node:test';
import { downloadCommand, retryAfter } from '../../../../src/host/tools/apt-helper.js';

test('a pause that a server asks for is read from its headers: seconds, or a time', () => {
  const now = Date.parse('2026-12-01T00:00:00Z');
  const answer = (value: string) => `HTTP/1.1 429 Too Many Requests\nRetry-After: ${value}\nDate: x`;
  assert.equal(retryAfter(answer('17'), now), 17);
  assert.equal(retryAfter(answer('Tue, 01 Dec 2026 00:01:30 GMT'), now), 90);
  assert.equal(retryAfter(answer('Tue, 01 Dec 2020 00:01:30 GMT'), now), 0);
  assert.equal(retryAfter(answer('soon'), now), undefined);
  assert.equal(retryAfter('HTTP/1.1 429 Too Many Requests', now), undefined);
});

test('files are fetched with their digests, and copied from this host', () => {
  const download = { url: 'file:/srv/a.deb', file: '/tmp/a.deb', sha256: 'ab' };
  const { args, env } = downloadCommand([download], '/conf', {});
  assert.deepEqual(args.slice(-4), ['download-file', 'copy:/srv/a.deb', '/tmp/a.deb', 'SHA256:ab']);
  assert.equal(env?.APT_CONFIG, '/conf');
  assert.ok(!args.some((word) => word.includes('Debug')));
});
