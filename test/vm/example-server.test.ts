import { test } from 'node:test';
import { tryExample } from './example.js';

test('examples/server serves its page', async () => {
  await tryExample('server', ['the page is served', 'ssh takes keys alone']);
});
