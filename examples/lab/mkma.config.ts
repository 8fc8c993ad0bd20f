// A desktop for a room of several people: windows that overlap (labwc), and a greeter that asks who it is. Both passwords are
// "zeppelin" (openssl passwd -6): of machines of your own they come from files, { hashFile: './ada.hash' }.
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
