import { test } from 'node:test';
import { tryExample } from '../vm/example.js';

test('examples/laptop has its kernel, firmware, language and owner', async () => {
  await tryExample('laptop', [
    'her machine speaks German',
    'the kernel is the chosen one, with firmware beside it',
    'she may become root, and has her dotfiles',
  ]);
});
