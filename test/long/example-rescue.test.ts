import { test } from 'node:test';
import { tryExample } from '../vm/example.js';

test('examples/rescue has its tools, and leaves disks alone', async () => {
  await tryExample('rescue', ['the tools are there', 'no disk is in use']);
});
