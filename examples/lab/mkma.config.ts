// A desktop for several people: overlapping windows (labwc), and a greeter that asks who logs in. Both
// passwords are "zeppelin" (openssl passwd -6). On your own machines, use files: { hashFile: './ada.hash' }.
import { defineMachine } from 'mkma';
import { tests } from './tests.js';

const hash =
  '$6$mkmadesk$9UZoWI08mltnAYVTTVtAwyia6p6ZE1xFqnYx0hYnQ1gLITAvpp4FJmv77m6sHH6.QsLaekNnQs3KE08V65bKK0';

export default defineMachine({
  extends: [
    {
      preset: 'desktop',
      with: {
        user: 'ada',
        password: { hash },
        login: 'greeter',
        compositor: 'labwc',
        browser: 'none',
        theme: 'light',
      },
    },
  ],
  hostname: 'lab',
  packages: ['libsecret-tools'],
  keyboard: 'de',
  users: {
    bob: { password: { hash }, groups: ['video'] },
  },
  tests,
});
