import { test } from 'node:test';
import { tryExample } from '../vm/example.js';

test('examples/kiosk shows its page, whatever keys are pressed and whatever crashes', async () => {
  await tryExample('kiosk', [
    'the page fills the screen',
    'what is typed reaches it',
    'no key leaves it',
    'a page of another site gives way to it',
    'a browser that crashes comes back',
  ]);
});
