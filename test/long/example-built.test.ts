import { test } from 'node:test';
import { tryExample } from '../vm/example.js';

test('examples/built has what it built from source, and nothing it was built with', async () => {
  await tryExample('built', ['the program runs, and its compiler is not there']);
});
