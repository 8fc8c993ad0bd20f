import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tryExample } from '../vm/example.js';

test('examples/server serves its page', async () => {
  const { checks } = await tryExample('server', ['the page is served', 'ssh takes keys alone']);
  // 68 is the client of DHCP, which networkd has once there is a wire.
  assert.equal(checks.find(({ name }) => name === 'network listeners')?.detail, '22 68 80');
});
