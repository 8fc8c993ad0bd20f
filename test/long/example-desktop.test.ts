import { test } from 'node:test';
import { tryExample } from '../vm/example.js';

test('examples/desktop is painted, typed into and heard', async () => {
  await tryExample('desktop', [
    'the session is there, and nothing has failed',
    'a key opens a terminal, and y and z are where Germans have them',
    'a notification is shown, a screenshot saved, a text outlives its program',
    'a key moves the volume, and a tone is heard at its pitch',
    'programs are told that it is dark, without a time-out',
    'locked by a key: a wrong password does not open it, the right one does',
    'who logs out is logged in again, and all is as at first',
  ]);
});
