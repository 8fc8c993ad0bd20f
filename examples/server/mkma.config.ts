// A small web server: one page, which a test of the machine fetches.
import { defineMachine } from 'mkma';

export default defineMachine({
  extends: ['server'],
  hostname: 'web',
  packages: ['nginx-light', 'curl'],
  files: {
    '/var/www/html/index.html': { from: './index.html', values: { host: 'web' } },
    '/etc/nginx/sites-enabled/default': 'server {\n  listen 80 default_server;\n  root /var/www/html;\n}\n',
  },
  users: {
    // The file with your own public key. The owner of the private key may log in and become root.
    admin: { sudo: 'nopasswd', authorizedKeys: [{ file: './admin.pub' }] },
  },
  services: { enable: ['nginx'] },
  listen: [80],
  tests: [
    {
      name: 'the page is served',
      async run(guest) {
        await guest.waitForUnit('nginx');
        const page = await guest.ok('curl --silent --fail http://localhost/');
        if (!page.includes('This is web.')) throw new Error(`the page is: ${page}`);
      },
    },
    {
      name: 'ssh takes keys alone',
      async run(guest) {
        await guest.waitForPort(22);
        const settings = await guest.ok('sshd -T');
        for (const line of [
          'passwordauthentication no',
          'permitemptypasswords no',
          'pubkeyauthentication yes',
        ]) {
          if (!settings.includes(line)) throw new Error(`sshd does not say: ${line}`);
        }
      },
    },
  ],
});
