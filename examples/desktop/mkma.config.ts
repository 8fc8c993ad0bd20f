// A desktop in RAM: sway with PipeWire, portals and a bar. Its user has a password and a German keyboard.
import { defineMachine } from 'mkma';
import { tests } from './tests.js';

export default defineMachine({
  extends: [
    {
      preset: 'desktop',
      with: {
        user: 'ada',
        // From openssl passwd -6. On your own machine, use { hashFile: './password' }.
        password: {
          hash: '$6$mkmadesk$9UZoWI08mltnAYVTTVtAwyia6p6ZE1xFqnYx0hYnQ1gLITAvpp4FJmv77m6sHH6.QsLaekNnQs3KE08V65bKK0',
        },
        theme: 'dark',
      },
    },
  ],
  hostname: 'desk',
  packages: ['man-db', 'git', 'vim', 'libsecret-tools'],
  locale: 'de_DE.UTF-8',
  keyboard: 'de',
  timezone: 'Europe/Berlin',
  tests,
});
