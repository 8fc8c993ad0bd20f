// A machine that extends another: the web server for a shop window, with another page.
import { defineMachine, replace } from 'mkma';
import web from '../server/mkma.config.js';

export default defineMachine({
  extends: [web],
  hostname: 'window',
  files: { '/var/www/html/index.html': { from: '../server/index.html', values: { host: 'window' } } },
  // No network logins.
  users: { admin: replace({ system: true }) },
  listen: replace([80]),
  services: { mask: ['ssh.service', 'ssh.socket'], enable: replace(['nginx', 'systemd-networkd']) },
  tests: replace([
    {
      name: 'the page is its own, and ssh is silent',
      async run(guest) {
        await guest.waitForUnit('nginx');
        const page = await guest.ok('curl --silent --fail http://localhost/');
        if (!page.includes('This is window.')) throw new Error(`the page is: ${page}`);
        const listening = await guest.ok('ss --tcp --listening --numeric --no-header');
        if (/:22\s/.test(listening)) throw new Error(listening);
      },
    },
  ]),
});
