import { test } from 'node:test';
import { tryExample } from '../vm/example.js';

test('examples/page extends the server', async () => {
  await tryExample('page', ['the page is its own, and ssh is silent']);
});
