import { test } from 'node:test';
import { tryExample } from '../vm/example.js';

test('examples/kiosk extends the server', async () => {
  await tryExample('kiosk', ['the page is its own, and ssh is silent']);
});
