import { test } from 'node:test';
import { tryExample } from '../vm/example.js';

test('examples/desktop is painted, typed into, heard, and saved', async () => {
  await tryExample('desktop', [
    'the session is there, and nothing has failed',
    'a key opens a terminal, and y and z are where Germans have them',
    'and so they are on the console',
    'the launcher starts a program, in a scope of its own',
    'a notification is shown, also after the screen was off',
    'a screenshot is saved, a text outlives its program',
    'a key moves the volume, and a tone is heard at its pitch',
    'portals answer: settings, screenshot, file chooser',
    'what needs rights asks for the password',
    'a secret is kept and found again, without a question',
    'locked by a key: open to the right password alone, and still locked when the locker is killed',
    'locked before it sleeps',
    'who logs out is logged in again, and all is as at first',
    'fonts have every character of the configuration, and the journal has no error',
    'what is changed by hand and saved is there after a reboot, caches are not',
  ]);
});
