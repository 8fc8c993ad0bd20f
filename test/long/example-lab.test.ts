import { test } from 'node:test';
import { tryExample } from '../vm/example.js';

test('examples/lab asks who it is, and gives each a session', async () => {
  await tryExample('lab', [
    'the greeter lets Ada in, and her session is painted',
    'a key opens a terminal, and what is typed is read',
    'sound is of whoever is logged in, not of the greeter',
    'the keyring is opened by the password that was given to the greeter',
    'the lock opens to the right password alone',
    'after her Bob has a session of his own',
  ]);
});
